import { SearchX } from "lucide-react";
import { ButtonLink } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";

export default function NotFound() {
  return (
    <EmptyState
      isPage
      icon={SearchX}
      title="There is nothing here"
      text="The address may be mistyped, or this is something your account does not have."
    >
      <ButtonLink href="/" variant="primary">
        Go to Home
      </ButtonLink>
    </EmptyState>
  );
}
