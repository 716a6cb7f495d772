/** What can be said about an error of the server, with the number under which its log has the rest. */
export function ProblemText({ error }: { error: unknown }) {
  const digest = error instanceof Error && "digest" in error ? String(error.digest) : null;
  return (
    <>
      <p>Something went wrong on our side. Nothing was lost: what the archive has confirmed stays.</p>
      {digest && (
        <p className="mt-2">
          If it happens again, give an administrator this number: <span className="mono text-ink">{digest}</span>
        </p>
      )}
    </>
  );
}
