/**
 * Why the server would refuse this file as an order, as far as a browser can tell from its size and its first and
 * last bytes; null when it would take it. The server checks again.
 */
export async function pdfProblem(file: Blob, maxBytes: number): Promise<string | null> {
  if (file.size === 0) return "This file is empty.";
  if (file.size > maxBytes) return `This file is larger than ${Math.floor(maxBytes / 1_048_576)} MiB.`;
  const head = await latin1(file.slice(0, 8));
  if (!/^%PDF-[12]\.\d/.test(head)) return "This is not a PDF file, whatever its name says.";
  const tail = await latin1(file.slice(-1024));
  if (!/%%EOF[\s\0]*$/.test(tail)) return "This PDF is cut off. Save it again and attach that file.";
  return null;
}

async function latin1(part: Blob): Promise<string> {
  return new TextDecoder("latin1").decode(await part.arrayBuffer());
}
