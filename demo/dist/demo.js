var e=document.querySelector("meta[name=halley-ws-port]").content,t=`ws://${location.hostname}:${e}/sub`;document.querySelector("#demo").textContent=`demo at ${t}`;
