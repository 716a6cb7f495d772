import { Plus } from "lucide-react";
import { Button } from "./button";
import { Menu, MenuLink } from "./menu";

type PickMenuProps = { label: string; choices: { href: string; name: string }[] };

/** Sets one filter of a list: a button with a menu of places. Nothing where there is nothing to pick. */
export function PickMenu({ label, choices }: PickMenuProps) {
  if (choices.length === 0) return null;
  return (
    <Menu
      align="start"
      trigger={
        <Button icon={Plus} variant="filter" aria-label={`Filter by ${label.toLowerCase()}`}>
          {label}
        </Button>
      }
    >
      {choices.map((choice) => (
        <MenuLink key={choice.href} href={choice.href}>
          {choice.name}
        </MenuLink>
      ))}
    </Menu>
  );
}
