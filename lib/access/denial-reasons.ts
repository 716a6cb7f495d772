/** Why a request can be denied. The requester reads the label and the officer's own words after it. */
export const denialReasons = {
  order_incomplete: "The order is missing something or cannot be read",
  order_does_not_cover: "The order does not cover what is asked",
  basis_not_accepted: "The legal basis does not allow a release",
  scope_too_wide: "More is asked than the purpose needs",
  nothing_recorded: "Nothing was recorded there at that time",
  wrong_archive: "Someone else holds these recordings",
  other: "Another reason",
} as const;

/** A denial reason's stable code. */
export type DenialReason = keyof typeof denialReasons;
