const namespace = "http://www.topografix.com/GPX/1/1";
const maxDepth = 32;
const pointNames = new Set(["wpt", "rtept", "trkpt"]);

// One token of XML 1.0: a comment, a processing instruction, CDATA, a tag, or text. No document type: a track needs
// none, and entities of one's own are how an XML reader is led astray.
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<\/([A-Za-z_][\w.:-]*)\s*>|<([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const attribute = /([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;
const reference = /&(?!(?:lt|gt|amp|apos|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)/;

/**
 * Why this is no GPX 1.1 file (https://www.topografix.com/GPX/1/1/), as half a sentence; null when it is one. Checks
 * that it is well-formed, has the right root, and that each point has a position on this planet.
 */
export function gpxProblem(text: string): string | null {
  const open: string[] = [];
  let hasRoot = false;
  for (token.lastIndex = 0; token.lastIndex < text.length; ) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) return `it is no well-formed XML at character ${at}`;
    const [whole, closed, opened, attributesText = "", slash] = match;
    if (closed !== undefined) {
      if (open.pop() !== closed) return `it is no well-formed XML: </${closed}> closes nothing`;
    } else if (opened !== undefined) {
      if (open.length === 0 && hasRoot) return "it is no well-formed XML: more than one root";
      const attributes = attributesOf(attributesText);
      if (attributes === null) return `it is no well-formed XML in <${opened}>`;
      const problem = open.length === 0 ? rootProblem(opened, attributes) : pointProblem(opened, attributes);
      if (problem !== null) return problem;
      hasRoot = true;
      if (slash === "") open.push(opened);
      if (open.length > maxDepth) return `it is nested more than ${maxDepth} deep`;
    } else if (!whole.startsWith("<")) {
      if (reference.test(whole)) return "it uses an entity of its own";
      if (open.length === 0 && whole.trim() !== "") return "it is no well-formed XML: text outside of the root";
    }
  }
  if (!hasRoot) return "it has no <gpx>";
  return open.length > 0 ? `it ends within <${open.at(-1)}>` : null;
}

function attributesOf(text: string): Map<string, string> | null {
  const found = new Map<string, string>();
  for (const [, name = "", inDouble, inSingle] of text.matchAll(attribute)) {
    const value = inDouble ?? inSingle ?? "";
    if (found.has(name) || reference.test(value)) return null;
    found.set(name, value);
  }
  return found;
}

function rootProblem(name: string, attributes: Map<string, string>): string | null {
  const [prefix, local] = name.includes(":") ? name.split(":", 2) : [null, name];
  if (local !== "gpx") return `its root is <${name}>, not <gpx>`;
  const bound = attributes.get(prefix === null ? "xmlns" : `xmlns:${prefix}`);
  if (bound !== namespace) return `its namespace is not ${namespace}`;
  return attributes.get("version") === "1.1" ? null : "it is not GPX 1.1";
}

function pointProblem(name: string, attributes: Map<string, string>): string | null {
  if (!pointNames.has(name.split(":").at(-1) ?? "")) return null;
  const isWithin = (value: string | undefined, limit: number) =>
    value !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(value) && Math.abs(Number(value)) <= limit;
  return isWithin(attributes.get("lat"), 90) && isWithin(attributes.get("lon"), 180)
    ? null
    : `a <${name}> has no valid lat and lon`;
}
