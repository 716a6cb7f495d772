"use client";

import { type ComponentProps, useState } from "react";
import { FieldFrame, type FieldText, useField } from "./field";
import { formatBytes } from "./format";

/** A file of the person's. A file above `maxBytes` is refused before it is sent; the server checks again. */
export function FileField({
  label,
  hint,
  error: ownError,
  optional,
  className,
  maxBytes,
  ...rest
}: FieldText & { maxBytes: number } & Omit<ComponentProps<"input">, "name" | "type">) {
  const [problem, setProblem] = useState<string | undefined>();
  const { id, error, control } = useField({
    name: rest.name,
    hint,
    error: problem ?? ownError,
    ...(optional && { optional }),
  });

  function check(input: HTMLInputElement) {
    const size = input.files?.[0]?.size ?? 0;
    const text =
      size > maxBytes ? `This file has ${formatBytes(size)}; at most ${formatBytes(maxBytes)} is taken.` : undefined;
    input.setCustomValidity(text ?? "");
    setProblem(text);
  }

  return (
    <FieldFrame id={id} label={label} hint={hint} error={error} className={className} {...(optional && { optional })}>
      <input {...rest} {...control} type="file" className="control" onChange={(event) => check(event.currentTarget)} />
    </FieldFrame>
  );
}
