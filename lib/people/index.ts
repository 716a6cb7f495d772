export { authorise, authoriseOperator, type Person, type System } from "./authorise.ts";
export { type Permission, permissions, roleMay } from "./permissions.ts";
