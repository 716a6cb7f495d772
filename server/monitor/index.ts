export { addFigures } from "./figures.ts";
export { Monitor } from "./monitor.ts";
