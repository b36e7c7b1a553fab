import type { Finding, ReceiptTotals } from "../types.ts";

/** What the receipts of all clients prove. */
export function deliveryFindings(receipts: ReceiptTotals): Finding[] {
  const { lost, duplicated, reordered, misdelivered, expected, received } = receipts;
  return [
    {
      check: "nothing is lost",
      ok: lost === 0,
      text: `${lost} of ${expected} deliveries are missing`,
    },
    {
      check: "nothing is doubled",
      ok: duplicated === 0,
      text: `${duplicated} of ${received} came twice`,
    },
    {
      check: "order is kept",
      ok: reordered === 0,
      text: `${reordered} of ${received} came out of order`,
    },
    {
      check: "nobody gets what is not theirs",
      ok: misdelivered === 0,
      text: `${misdelivered} went astray`,
    },
  ];
}
