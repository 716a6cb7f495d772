import { afterEach, vi } from "vitest";

// A stray console.error is a defect that nobody looked at. A test that expects one mocks console.error itself.
const errors: string[] = [];
vi.spyOn(console, "error").mockImplementation((...parts: unknown[]) => {
  errors.push(parts.map(String).join(" "));
});

afterEach(() => {
  const seen = errors.splice(0);
  if (seen.length > 0) throw new Error(`Unexpected console.error: ${seen.join("; ")}`);
});
