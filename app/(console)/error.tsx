"use client";

import { CircleAlert } from "lucide-react";
import { ProblemText } from "@/components/shell/problem-text";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";

export default function ConsoleError({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <EmptyState isPage icon={CircleAlert} title="This page could not be shown" text={<ProblemText error={error} />}>
      <Button variant="primary" onClick={retry}>
        Try again
      </Button>
    </EmptyState>
  );
}
