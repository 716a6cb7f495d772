import { Search } from "lucide-react";
import Form from "next/form";

type SearchFormProps = {
  action: string;
  /** Name of what is looked for in the address. */
  name: string;
  value: string | undefined;
  label: string;
  placeholder: string;
  maxLength: number;
  isMono?: boolean;
  /** What stays in the address beside it. */
  others: Readonly<Record<string, string>>;
};

/** The search field above a list: what is found is an address, and works without JavaScript. */
export function SearchForm({ action, name, value, label, placeholder, maxLength, isMono, others }: SearchFormProps) {
  return (
    <Form action={action} prefetch={false} role="search" className="relative w-full sm:w-64">
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
      />
      <input
        type="search"
        name={name}
        data-search
        key={value}
        defaultValue={value}
        maxLength={maxLength}
        aria-label={label}
        placeholder={placeholder}
        className={`control h-8 min-h-8 border-line pl-8 text-sm pointer-coarse:min-h-11 ${isMono ? "mono" : ""}`}
      />
      {Object.entries(others).map(([other, kept]) => (
        <input key={other} type="hidden" name={other} value={kept} />
      ))}
    </Form>
  );
}
