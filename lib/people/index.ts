export { authorise, type Person } from "./authorise.ts";
export { type Permission, permissions, roleMay } from "./permissions.ts";
