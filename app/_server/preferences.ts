import "server-only";
import { cookies } from "next/headers";
import { type Preferences, readPreferences } from "@/components/ui/preference-cookies";

/** How this browser wants times, colours and keys, from its cookies. */
export async function getPreferences(): Promise<Preferences> {
  const jar = await cookies();
  return readPreferences((name) => jar.get(name)?.value);
}
