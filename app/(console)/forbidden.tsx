import { Lock } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";

export default function Forbidden() {
  return (
    <EmptyState
      isPage
      icon={Lock}
      title="This is not for your role"
      text="Nothing is broken: this page belongs to another role. If you need it for your work, ask an administrator."
    >
      <ButtonLink href="/" variant="primary">
        Go to Home
      </ButtonLink>
    </EmptyState>
  );
}
