import { TextField } from "@/components/ui/field";
import { minPasswordLength } from "@/lib/people/index.ts";

/** A new password, twice. */
export function NewPasswordFields() {
  return (
    <>
      <TextField
        name="password"
        label="Password"
        type="password"
        autoComplete="new-password"
        minLength={minPasswordLength}
        hint={`At least ${minPasswordLength} characters. A few unrelated words are easy to remember and hard to guess.`}
      />
      <TextField name="again" label="The same password again" type="password" autoComplete="new-password" />
    </>
  );
}
