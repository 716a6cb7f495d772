import { expect, test } from "vitest";
import { Role } from "../../generated/prisma/enums.ts";
import { type Permission, permissions, roleMay } from "./permissions.ts";

const all = Object.keys(permissions) as Permission[]; // Object.keys forgets the literal keys
const of = (role: Role) => all.filter((permission) => roleMay(role, permission));

test("who can let people in cannot let recordings out", () => {
  for (const role of Object.values(Role)) {
    const letsIn = of(role).some((permission) => /^(people\.(invite|change)|organisations\.create)$/.test(permission));
    const letsOut = of(role).some((permission) => /^requests\.(approve|review|deny)$/.test(permission));
    expect(letsIn && letsOut).toBe(false);
  }
});

test("administrators and auditors see no video", () => {
  for (const role of [Role.admin, Role.auditor])
    expect(of(role).filter((permission) => /^recordings\.(open|content)$/.test(permission))).toEqual([]);
});

test("an auditor changes nothing but their own account", () => {
  const changing = /\.(invite|change|create|open|submit|review|approve|deny|withdraw|close)$/;
  expect(of(Role.auditor).filter((permission) => changing.test(permission))).toEqual([]);
});

test("a requester reads no custody, people, devices or settings", () => {
  const inside = /^(custody|people|organisations|devices|settings)\.|\.custody$/;
  expect(of(Role.requester).filter((permission) => inside.test(permission))).toEqual([]);
});
