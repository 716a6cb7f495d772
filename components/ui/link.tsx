import NextLink from "next/link";
import type { ComponentProps } from "react";

/**
 * A link to another page. It is not fetched ahead: pages read evidence and logs, reading is an act that custody
 * records, and a table of fifty rows would read fifty pages that nobody asked for.
 */
export function Link(props: Omit<ComponentProps<typeof NextLink>, "prefetch">) {
  return <NextLink {...props} prefetch={false} />;
}
