import { TextField } from "@/components/ui/field";
import { ActionForm, type ActionResult, SubmitButton } from "@/components/ui/form";

type PasswordFormProps = {
  email: string;
  minLength: number;
  action: (data: FormData) => Promise<ActionResult>;
};

/** Replaces one's own password. */
export function PasswordForm({ email, minLength, action }: PasswordFormProps) {
  return (
    <ActionForm action={action} className="max-w-sm">
      {/* Tells password managers which account this is. */}
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <TextField name="currentPassword" label="Current password" type="password" autoComplete="current-password" />
      <TextField
        name="newPassword"
        label="New password"
        type="password"
        autoComplete="new-password"
        minLength={minLength}
        hint={`At least ${minLength} characters.`}
      />
      <TextField name="again" label="The new password again" type="password" autoComplete="new-password" />
      <div>
        <SubmitButton>Change the password</SubmitButton>
      </div>
    </ActionForm>
  );
}
