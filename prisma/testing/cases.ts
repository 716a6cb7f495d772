import type { Fixture } from "./fixture.ts";

/** One statement, or several of which the last one counts. */
export type Script = string | string[];

/** One rule of the database: what it refuses, each alone, and the nearest things that it lets pass, in order. */
export type Case = { name: string; refuses: (f: Fixture) => Script[]; allows: (f: Fixture) => string[] };

const zeros = `decode(repeat('00', 32), 'hex')`;
const ones = `decode(repeat('01', 32), 'hex')`;
const twos = `decode(repeat('02', 32), 'hex')`;
const short = `decode(repeat('00', 31), 'hex')`;

const rule = (name: string, refuses: Case["refuses"], allows: Case["allows"]): Case => ({ name, refuses, allows });

/** A rule about what a column of one existing row may become. */
function column(name: string, row: (f: Fixture) => string, refused: string[], allowed: string[]): Case {
  const update = (set: string) => (f: Fixture) => row(f).replace("SET", `SET ${set}`);
  return rule(
    name,
    (f) => refused.map((set) => update(set)(f)),
    (f) => allowed.map((set) => update(set)(f)),
  );
}

const account = (f: Fixture) => `UPDATE account SET WHERE id = '${f.admin}'`;
const organisation = (f: Fixture) => `UPDATE organisation SET WHERE id = '${f.organisation}'`;
const receiving = (f: Fixture) => `UPDATE recording SET WHERE id = '${f.receiving}'`;
const received = (f: Fixture) => `UPDATE recording SET WHERE id = '${f.received}'`;
const sealed = (f: Fixture) => `UPDATE recording SET WHERE id = '${f.sealed}'`;
const upload = (f: Fixture) => `UPDATE upload SET WHERE recording_id = '${f.receiving}'`;
const chunk = (f: Fixture) => `UPDATE chunk SET WHERE recording_id = '${f.receiving}'`;
const device = (f: Fixture) =>
  `UPDATE device SET WHERE id = (SELECT device_id FROM recording WHERE id = '${f.sealed}')`;
const request = (f: Fixture) => `UPDATE request SET WHERE id = '${f.request}'`;
const release = (f: Fixture) => `UPDATE release SET WHERE id = '${f.release}'`;

const approve = (request: string, approver: string, ordinal = 1, scope = zeros) =>
  `INSERT INTO approval (id, request_id, approver_id, ordinal, scope_sha256, approved_at)
   VALUES (gen_random_uuid()::text, '${request}', '${approver}', ${ordinal}, ${scope}, now())`;
const approveTwice = (f: Fixture) => [approve(f.request, f.first, 1), approve(f.request, f.second, 2)];
const openRelease = (f: Fixture, requester = f.requester, scope = zeros, until = "now() + interval '1 day'") =>
  `INSERT INTO release (id, request_id, requester_id, scope_sha256, opened_at, open_until)
   VALUES ('L-1', '${f.request}', '${requester}', ${scope}, now(), ${until})`;
const include = (f: Fixture, recording: string, decision = "included", reason = "NULL") =>
  `INSERT INTO request_recording (request_id, recording_id, decision, reason, decided_by_id, decided_at)
   VALUES ('${f.request}', '${recording}', '${decision}', ${reason}, '${f.first}', now())`;
const event = (kind: string, actorId: string, role = "NULL") =>
  `INSERT INTO custody_event (at, action, actor_kind, actor_id, actor_name, actor_role, correlation_id)
   VALUES (now(), 'log.read', '${kind}', ${actorId}, 'x', ${role}, 'c')`;
const grant = (f: Fixture, purpose: string, until = "now() + interval '8 hours'") =>
  `INSERT INTO access_grant (id, recording_id, account_id, purpose, opened_at, open_until)
   VALUES ('G-1', '${f.sealed}', '${f.first}', '${purpose}', now(), ${until})`;
const addRecording = (f: Fixture, columns: Record<string, string>) => {
  const all = {
    id: "'R-1'",
    device_id: `(SELECT device_id FROM recording WHERE id = '${f.sealed}')`,
    state: "'receiving'",
    file_name: "'a.mp4'",
    media_type: "'video/mp4'",
    digest_originator: "'device'",
    start_at: "now()",
    end_at: "now()",
    created_at: "now()",
    search_text: "'a'",
    ...columns,
  };
  return `INSERT INTO recording (${Object.keys(all).join(", ")}) VALUES (${Object.values(all).join(", ")})`;
};
const whole = { state: "'sealed'", sha256: zeros, size_bytes: "1", received_at: "now()", sealed_at: "now()" };

/** Checks on single rows. */
export const checks: Case[] = [
  rule(
    "device_policy_version_shape",
    () => [
      addPolicyVersion({ silent_after_seconds: "59" }),
      addPolicyVersion({ silent_after_seconds: "31536001" }),
      addPolicyVersion({ key_max_age_days: "0" }),
      addPolicyVersion({ key_max_age_days: "3651" }),
    ],
    () => [addPolicyVersion({ silent_after_seconds: "60", key_max_age_days: "NULL" })],
  ),
  rule(
    "chain_statement_shape",
    (f) => [
      addStatement(f, { statement_sha256: short }),
      addStatement(f, { previous_sha256: short }),
      addStatement(f, { sequence: "0" }),
      addStatement(f, { of_sequence: "NULL" }),
      addStatement(f, { of_manifest_sha256: "NULL" }),
      addStatement(f, { of_manifest_sha256: short }),
      addStatement(f, { kind: "'gap'" }),
      addStatement(f, { of_sequence: "7" }),
    ],
    (f) => [
      addStatement(f, { kind: "'gap'", of_sequence: "NULL", of_manifest_sha256: "NULL", previous_sha256: zeros }),
    ],
  ),
  rule(
    "sidecar_shape",
    (f) => [
      addSidecar(f, { sha256: short }),
      addSidecar(f, { size_bytes: "-1" }),
      addSidecar(f, { size_bytes: "4194305" }),
    ],
    (f) => [addSidecar(f, { size_bytes: "0" }), addSidecar(f, { name: "'b.json'", size_bytes: "4194304" })],
  ),
  rule(
    "acknowledged_gap_shape",
    (f) => ["'{}'", "'{[0,2)}'", "'{[3,)}'"].map((numbers) => addGap(f, { numbers })),
    (f) => [addGap(f, {}), addGap(f, { id: "'N-2'", numbers: "'{[1,2),[7,9)}'" })],
  ),
  rule(
    "wanted_file_shape",
    (f) => [
      addWanted(f, { file_name: "NULL" }),
      addWanted(f, { sha256: short }),
      addWanted(f, { ended_at: "now()" }),
      addWanted(f, { state: "'not_there'" }),
      addWanted(f, { state: "'arrived'", ended_at: "now()" }),
      addWanted(f, { recording_id: "'R-1'" }),
    ],
    (f) => [
      addWanted(f, { file_name: "NULL", sha256: zeros }),
      addWanted(f, { id: "'W-2'", state: "'arrived'", ended_at: "now()", recording_id: "'R-1'" }),
    ],
  ),
  column(
    "device_untrusted_is_revoked",
    device,
    ["untrusted_since = now()", "untrusted_since = now(), state = 'suspended'"],
    ["untrusted_since = now(), state = 'revoked'"],
  ),
  rule(
    "enrolment_code_shape",
    () => [
      addCode({ code_sha256: short }),
      addCode({ max_uses: "0" }),
      addCode({ max_uses: "10001" }),
      addCode({ is_typed: "true", max_uses: "2" }),
      addCode({ expires_at: "now()" }),
    ],
    () => [addCode({}), addCode({ id: "'C-2'", code_sha256: ones, is_typed: "true", max_uses: "1" })],
  ),
  rule(
    "enrolment_code_uses",
    () => [addCode({ uses: "-1" }), addCode({ max_uses: "2", uses: "3" })],
    () => [addCode({ max_uses: "2", uses: "2" })],
  ),
  rule(
    "device_key_sequence_order",
    (f) => [
      addKey(f, { from_sequence: "0" }),
      addKey(f, { until_sequence: "0" }),
      addKey(f, { from_sequence: "7", until_sequence: "6" }),
    ],
    (f) => [addKey(f, { from_sequence: "7", until_sequence: "7" })],
  ),
  column("device_quota_range", device, ["quota_bytes = -1"], ["quota_bytes = 0", "quota_bytes = NULL"]),
  column(
    "organisation_name_length",
    organisation,
    ["name = ''", "name = repeat('x', 201)"],
    ["name = repeat('x', 200)"],
  ),
  column(
    "account_email_lower",
    account,
    ["email = 'A@x.org'", "email = ' a@x.org'", "email = 'ax'"],
    ["email = 'á@x.org'"],
  ),
  column("account_active_has_password", account, ["password_hash = NULL"], ["password_hash = NULL, state = 'invited'"]),
  rule(
    "setup_link_single",
    () => [`INSERT INTO setup_link (id, secret_sha256, created_at) VALUES (2, ${zeros}, now())`],
    () => ["UPDATE setup_link SET used_at = now()"],
  ),
  rule(
    "recording_digest_lengths",
    (f) => [addRecording(f, { sha256: short }), addRecording(f, { declared_sha256: short })],
    (f) => [addRecording(f, { sha256: zeros, declared_sha256: ones })],
  ),
  rule(
    "recording_sealed_is_complete",
    (f) =>
      ["sha256", "size_bytes", "received_at", "sealed_at"].map((key) => addRecording(f, { ...whole, [key]: "NULL" })),
    (f) => [addRecording(f, whole)],
  ),
  rule(
    "recording_sealed_equals_declared",
    (f) => [addRecording(f, { ...whole, declared_sha256: ones })],
    (f) => [addRecording(f, { ...whole, declared_sha256: zeros })],
  ),
  column(
    "recording_quarantine_has_reason",
    received,
    [
      "state = 'quarantined'",
      "state = 'quarantined', quarantine_reason = 'x'",
      "quarantine_reason = 'x', quarantined_at = now()",
    ],
    ["state = 'quarantined', quarantine_reason = 'x', quarantined_at = now()"],
  ),
  column(
    "recording_capture_order",
    sealed,
    ["captured_from = captured_until + interval '1 ms'"],
    ["captured_from = captured_until", "captured_until = NULL"],
  ),
  column("recording_interval_order", sealed, ["start_at = end_at + interval '1 ms'"], ["start_at = end_at"]),
  rule(
    "recording_size_positive",
    (f) => [addRecording(f, { size_bytes: "-1" })],
    (f) => [addRecording(f, { size_bytes: "0" })],
  ),
  column(
    "recording_repeat_shape",
    received,
    ["repeat_of_id = id", "state = 'sealed', sealed_at = now(), repeat_of_id = id", "repeat_of_id = 'R-1'"],
    ["state = 'sealed', sealed_at = now(), repeat_of_id = (SELECT max(id) FROM recording WHERE state = 'sealed')"],
  ),
  rule(
    "device_key_shape",
    (f) => [addKey(f, { kid: "'short'" }), addKey(f, { public_key: short })],
    (f) => [addKey(f, {})],
  ),
  rule(
    "signing_key_shape",
    () => [
      addSigningKey({ public_key: short }),
      addSigningKey({ name: "'x'" }),
      addSigningKey({ purpose: "'log'" }),
      addSigningKey({ retired_at: "NULL" }),
    ],
    () => [addSigningKey({})],
  ),
  rule(
    "log_leaf_shape",
    () => [
      addLeaf({ leaf: "''" }),
      addLeaf({ leaf: "decode(repeat('00', 65536), 'hex')" }),
      addLeaf({ salt: short }),
      addLeaf({ hash: short }),
    ],
    () => [addLeaf({ leaf: "decode(repeat('00', 65535), 'hex')" })],
  ),
  rule(
    "log_tile_shape",
    () => [addTile({ level: "7" }), addTile({ index: "-1" }), addTile({ hashes: zeros }), addTile({ root: short })],
    () => [addTile({})],
  ),
  rule(
    "log_checkpoint_shape",
    () => [[addLeaf({}), addCheckpoint({ size: "3", root: short })]],
    () => [addLeaf({}), addCheckpoint({ size: "3" })],
  ),
  rule(
    "manifest_shape",
    (f) => [
      addManifest(f, { manifest_sha256: short }),
      addManifest(f, { previous_sha256: short }),
      addManifest(f, { sequence: "0" }),
      addManifest(f, { chunk_size_bytes: "399999" }),
      addManifest(f, { chunk_size_bytes: "67108865" }),
      addManifest(f, { chunk_sha256s: short }),
    ],
    (f) => [addManifest(f, {}), addManifest(f, { manifest_sha256: twos, previous_sha256: ones, sequence: "2" })],
  ),
  column("upload_offset_within_length", upload, ["offset_bytes = length_bytes + 1"], ["offset_bytes = length_bytes"]),
  column(
    "upload_complete_is_whole",
    upload,
    ["state = 'complete'"],
    ["state = 'complete', offset_bytes = length_bytes"],
  ),
  rule(
    "upload_chunk_size_range",
    (f) => [399_999, 67_108_865].map((size) => addUpload(f, size)),
    (f) => [addUpload(f, 400_000), `DELETE FROM upload WHERE id = 'U-1'`, addUpload(f, 67_108_864)],
  ),
  rule(
    "upload_kind_shape",
    (f) => [
      addUpload(f, 400_000, { kind: "'part'" }),
      addPart(f, { kind: "'whole'" }),
      addPart(f, { kind: "'final'", concat_header: "'final;/a'" }),
      addPart(f, { concat_header: "'partial'" }),
      addPart(f, { final_upload_id: "'U-F'" }),
      addPart(f, { part_index: "0" }),
      addPart(f, { final_upload_id: "'U-F'", part_index: "-1" }),
      addUpload(f, 400_000, { kind: "'final'" }),
      addUpload(f, 400_000, { concat_header: "'final;/a'" }),
      addUpload(f, 400_000, { final_upload_id: "'U-F'", part_index: "0" }),
    ],
    (f) => [addPart(f, {}), addPart(f, { id: "'U-2'", final_upload_id: "'U-F'", part_index: "1" })],
  ),
  rule(
    "chunk_shape",
    (f) => [addChunk(f, "-1", "1"), addChunk(f, "1", "0"), addChunk(f, "1", "67108865"), addChunk(f, "1", "1", short)],
    (f) => [addChunk(f, "1", "67108864", zeros), addChunk(f, "2", "1")],
  ),
  column(
    "request_interval_order",
    request,
    ["interval_from = interval_until"],
    ["interval_until = interval_from + interval '1 s'"],
  ),
  rule(
    "request_order_complete",
    (f) => [copyRequest(f, "order_size_bytes", "0"), copyRequest(f, "order_sha256", short)],
    (f) => [copyRequest(f, "order_size_bytes", "1")],
  ),
  column(
    "request_denied_has_reason",
    request,
    ["state = 'denied', ended_at = now()", "denial_reason = 'x'"],
    ["state = 'denied', ended_at = now(), denial_reason = 'x'"],
  ),
  column(
    "request_end_has_time",
    request,
    ["state = 'withdrawn'", "ended_at = now()"],
    ["state = 'withdrawn', ended_at = now()"],
  ),
  rule(
    "match_left_out_has_reason",
    (f) => [include(f, f.sealed, "excluded"), include(f, f.sealed, "unavailable")],
    (f) => [include(f, f.sealed), include(f, f.received, "excluded", "'x'")],
  ),
  rule(
    "approval_ordinal",
    (f) => [approve(f.request, f.first, 0), approve(f.request, f.first, 3)],
    (f) => approveTwice(f),
  ),
  rule(
    "approval_scope_length",
    (f) => [approve(f.request, f.first, 1, short)],
    (f) => [approve(f.request, f.first, 1, zeros)],
  ),
  column(
    "release_withdrawal_complete",
    release,
    ["withdrawn_at = now()", "withdraw_reason = 'x'"],
    [
      "withdrawn_at = now(), withdraw_reason = 'x', withdrawn_by_id = (SELECT id FROM account WHERE role = 'officer' LIMIT 1)",
    ],
  ),
  rule(
    "release_interval",
    (f) => [[...approveTwice(f), openRelease(f, f.requester, zeros, "now()")]],
    (f) => [...approveTwice(f), openRelease(f)],
  ),
  rule(
    "access_grant_shape",
    (f) => [grant(f, "ab"), grant(f, "x".repeat(501)), grant(f, "abc", "now()")],
    (f) => [grant(f, "abc")],
  ),
  rule(
    "custody_event_actor",
    () => [event("person", "NULL", "'officer'"), event("device", "NULL"), event("nobody", "'x'")],
    () => [
      event("person", "'x'", "'officer'"),
      event("device", "'x'"),
      event("nobody", "NULL"),
      event("system", "'job'"),
    ],
  ),
  rule(
    "custody_event_person_has_role",
    () => [event("person", "'x'"), event("device", "'x'", "'officer'")],
    () => [event("person", "'x'", "'auditor'")],
  ),
];

/** Uniqueness among some rows. */
export const partialUniques: Case[] = [
  rule(
    "device_policy_one_default",
    () => [addPolicy("true")],
    () => [addPolicy("false")],
  ),
  rule(
    "device_instance_one_current",
    (f) => [[addInstance(f, "a"), addInstance(f, "b")]],
    (f) => [addInstance(f, "a"), "UPDATE device_instance SET superseded_at = now()", addInstance(f, "b")],
  ),
  rule(
    "signing_key_one_active",
    () => [addSigningKey({ retired_at: "NULL", encrypted_private_key: zeros })],
    () => [retireKey, addSigningKey({ retired_at: "NULL", encrypted_private_key: zeros })],
  ),
  rule(
    "approval_one_per_officer",
    (f) => [[approve(f.request, f.first, 1), approve(f.request, f.first, 2)]],
    (f) => [
      approve(f.request, f.first, 1),
      "UPDATE approval SET voided_at = now() WHERE voided_at IS NULL",
      approve(f.request, f.first, 1),
    ],
  ),
  rule(
    "approval_one_per_ordinal",
    (f) => [[approve(f.request, f.first, 1), approve(f.request, f.second, 1)]],
    (f) => approveTwice(f),
  ),
];

const neverDeleted = (name: string, table: string, id: (f: Fixture) => string) =>
  rule(
    name,
    (f) => [`DELETE FROM ${table} WHERE id = '${id(f)}'`],
    (f) => [`SELECT 1 FROM ${table} WHERE id = '${id(f)}'`],
  );

/** Rules that look at the old row, or at other rows. */
export const triggers: Case[] = [
  rule(
    "device_policy_default_stays",
    () => [
      "DELETE FROM device_policy",
      "UPDATE device_policy SET is_default = false",
      [addPolicy("false"), "UPDATE device_policy SET id = 'F-2' WHERE id = 'F-1'"],
    ],
    () => ["UPDATE device_policy SET name = 'Vans'"],
  ),
  rule(
    "device_policy_version_stays",
    () => ["UPDATE device_policy_version SET silent_after_seconds = 61", "DELETE FROM device_policy_version"],
    () => [addPolicyVersion({})],
  ),
  rule(
    "device_policy_version_no_truncate",
    () => ["TRUNCATE device_policy_version"],
    () => [addPolicyVersion({})],
  ),
  rule(
    "chain_statement_stays",
    (f) => [
      [addStatement(f, {}), "UPDATE chain_statement SET jws = 'y'"],
      [addStatement(f, {}), setAside("chain_statement"), "UPDATE chain_statement SET set_aside_at = NULL"],
      [addStatement(f, {}), "DELETE FROM chain_statement"],
    ],
    (f) => [addStatement(f, {}), setAside("chain_statement")],
  ),
  rule(
    "chain_statement_no_truncate",
    () => ["TRUNCATE chain_statement"],
    (f) => [addStatement(f, {})],
  ),
  rule(
    "sidecar_stays",
    (f) => [
      [addSidecar(f, {}), "UPDATE sidecar SET size_bytes = 2"],
      [addSidecar(f, {}), setAside("sidecar"), setAside("sidecar")],
      [addSidecar(f, {}), "DELETE FROM sidecar"],
    ],
    (f) => [addSidecar(f, {}), setAside("sidecar")],
  ),
  rule(
    "acknowledged_gap_stays",
    (f) => [
      [addGap(f, {}), "UPDATE acknowledged_gap SET numbers = '{[3,9)}'"],
      [addGap(f, {}), "UPDATE acknowledged_gap SET reason = 'y', withdrawn_at = now()"],
      [addGap(f, { withdrawn_at: "now()" }), "UPDATE acknowledged_gap SET withdrawn_at = NULL"],
      [addGap(f, {}), "DELETE FROM acknowledged_gap"],
    ],
    (f) => [addGap(f, {}), "UPDATE acknowledged_gap SET withdrawn_at = now()"],
  ),
  rule(
    "sidecar_no_truncate",
    () => ["TRUNCATE sidecar"],
    (f) => [addSidecar(f, {})],
  ),
  rule(
    "wanted_file_ends",
    (f) => [
      [addWanted(f, {}), "DELETE FROM wanted_file"],
      [addWanted(f, {}), "UPDATE wanted_file SET file_name = 'b.mp4'"],
      [addWanted(f, {}), "UPDATE wanted_file SET asked_by = 'y'"],
      [
        addWanted(f, { state: "'cancelled'", ended_at: "now()" }),
        "UPDATE wanted_file SET state = 'open', ended_at = NULL",
      ],
      [
        addWanted(f, { state: "'not_there'", ended_at: "now()" }),
        "UPDATE wanted_file SET state = 'seen', ended_at = NULL",
      ],
    ],
    (f) => [
      addWanted(f, {}),
      "UPDATE wanted_file SET state = 'not_there', ended_at = now()",
      "UPDATE wanted_file SET state = 'arrived', recording_id = 'R-1'",
    ],
  ),
  rule(
    "enrolment_code_stays",
    () => [
      [addCode({}), "DELETE FROM enrolment_code"],
      [addCode({}), "UPDATE enrolment_code SET max_uses = 9"],
      [addCode({}), "UPDATE enrolment_code SET expires_at = now() + interval '9 days'"],
      [addCode({}), "UPDATE enrolment_code SET needs_approval = false"],
      [addCode({ uses: "1" }), "UPDATE enrolment_code SET uses = 0"],
      [addCode({ revoked_at: "now()" }), "UPDATE enrolment_code SET revoked_at = NULL"],
    ],
    () => [addCode({}), "UPDATE enrolment_code SET uses = uses + 1", "UPDATE enrolment_code SET revoked_at = now()"],
  ),
  rule(
    "custody_event_append_only",
    () => ["UPDATE custody_event SET purpose = 'x'", "DELETE FROM custody_event"],
    () => [event("system", "NULL")],
  ),
  rule(
    "custody_event_no_truncate",
    () => ["TRUNCATE custody_event"],
    () => [event("system", "NULL")],
  ),
  rule(
    "recording_counts_usage",
    () => [],
    (f) => [
      `UPDATE recording SET state = 'received', received_at = now() WHERE id = '${f.receiving}'`,
      `SELECT 1 / count(*) FROM device_usage WHERE stored_bytes > 0`,
    ],
  ),
  rule(
    "acknowledged_gap_counts_chain",
    () => [],
    (f) => [addGap(f, {}), "SELECT 1 / count(*) FROM device_chain WHERE changes = 1"],
  ),
  rule(
    "manifest_counts_chain",
    () => [],
    (f) => [
      addManifest(f, { chain: "'in_order'", sequence: "8" }),
      "SELECT 1 / (1 - count(*)) FROM device_chain",
      addManifest(f, { chain: "'gap'", manifest_sha256: twos, sequence: "9" }),
      "UPDATE manifest SET set_aside_at = now() WHERE sequence = 9",
      "SELECT 1 / count(*) FROM device_chain WHERE changes = 2 AND counted = 0",
    ],
  ),
  rule(
    "chain_statement_counts_chain",
    () => [],
    (f) => [
      addStatement(f, { chain: "'fork'" }),
      "UPDATE chain_statement SET set_aside_at = now()",
      "SELECT 1 / count(*) FROM device_chain WHERE changes = 2",
    ],
  ),
  rule(
    "sidecar_counts_usage",
    () => [],
    (f) => [addSidecar(f, { size_bytes: "77" }), `SELECT 1 / count(*) FROM device_usage WHERE stored_bytes % 100 = 77`],
  ),
  neverDeleted("recording_never_deleted", "recording", (f) => f.quarantined),
  neverDeleted("request_never_deleted", "request", (f) => f.request),
  neverDeleted("release_never_deleted", "release", (f) => f.release),
  rule(
    "approval_never_deleted",
    (f) => [`DELETE FROM approval WHERE request_id = '${f.releasedRequest}'`],
    (f) => [`UPDATE approval SET voided_at = now() WHERE request_id = '${f.releasedRequest}'`],
  ),
  rule(
    "release_recording_immutable",
    (f) => [
      `UPDATE release_recording SET recording_id = '${f.sealed}' WHERE release_id = '${f.release}'`,
      `DELETE FROM release_recording WHERE release_id = '${f.release}'`,
    ],
    (f) => [`SELECT 1 FROM release_recording WHERE release_id = '${f.release}'`],
  ),
  column(
    "recording_state_transition",
    receiving,
    ["state = 'sealed'", "state = 'quarantined'", "file_name = 'b'", `declared_sha256 = ${ones}`, "size_bytes = 1"],
    ["state = 'received', received_at = now()", `sha256 = ${ones}`],
  ),
  column(
    "upload_offset_grows",
    upload,
    ["offset_bytes = 999", "fence = 2", "length_bytes = 2000", "chunk_size_bytes = 400000"],
    ["offset_bytes = 1001", "fence = 4", "state = 'terminated'"],
  ),
  rule(
    "upload_part_stays",
    (f) => [
      ...["kind = 'whole'", "recording_id = 'R-1'", "concat_header = 'x'", "device_id = 'D-1'"].map(
        (set) => `UPDATE upload SET ${set} WHERE id = 'U-P'`,
      ),
      "UPDATE upload SET part_index = 1 WHERE id = 'U-P'",
      "UPDATE upload SET final_upload_id = NULL, part_index = NULL WHERE id = 'U-P'",
      ["UPDATE upload SET state = 'complete' WHERE id = 'U-P'", "UPDATE upload SET state = 'open' WHERE id = 'U-P'"],
      [
        "UPDATE upload SET state = 'complete' WHERE id IN ('U-F', 'U-P')",
        "UPDATE upload SET state = 'terminated' WHERE id = 'U-P'",
      ],
      [
        addPart(f, {}),
        "UPDATE upload SET state = 'terminated' WHERE id = 'U-1'",
        "UPDATE upload SET state = 'open' WHERE id = 'U-1'",
      ],
    ],
    (f) => [
      addPart(f, {}),
      "UPDATE upload SET final_upload_id = 'U-F', part_index = 1 WHERE id = 'U-1'",
      "UPDATE upload SET state = 'complete' WHERE id = 'U-P'",
      "UPDATE upload SET state = 'terminated' WHERE id IN ('U-F', 'U-P', 'U-1')",
    ],
  ),
  rule(
    "device_key_stays",
    (f) => [
      `DELETE FROM device_key WHERE kid = repeat('k', 43)`,
      `UPDATE device_key SET public_key = ${ones}`,
      `UPDATE device_key SET device_id = (SELECT device_id FROM recording WHERE id = '${f.sealed}')`,
      ["UPDATE device_key SET revoked_at = now()", "UPDATE device_key SET revoked_at = NULL"],
      "UPDATE device_key SET buys_tokens = NOT buys_tokens",
      "UPDATE device_key SET from_sequence = 2",
      ["UPDATE device_key SET until_sequence = 9", "UPDATE device_key SET until_sequence = 10"],
      ["UPDATE device_key SET first_token_at = now()", "UPDATE device_key SET first_token_at = NULL"],
    ],
    () => [
      "UPDATE device_key SET until_sequence = 9, first_token_at = now()",
      "UPDATE device_key SET revoked_at = now()",
    ],
  ),
  rule(
    "signing_key_stays",
    () => [
      "DELETE FROM signing_key",
      "UPDATE signing_key SET created_at = now()",
      "UPDATE signing_key SET retired_at = now(), encrypted_private_key = NULL, endorsement = 'x'",
      `UPDATE signing_key SET retired_at = now(), encrypted_private_key = NULL, public_key = ${ones}`,
      [retireKey, "UPDATE signing_key SET retired_at = now() WHERE purpose = 'receipt'"],
    ],
    () => [retireKey],
  ),
  rule(
    "custody_event_enters_log",
    () => [[event("system", "NULL"), failUnless("EXISTS (SELECT 1 FROM log_pending WHERE seq > 1000000)")]],
    () => [
      event("system", "NULL"),
      failUnless("(SELECT max(seq) FROM log_pending) = (SELECT max(seq) FROM custody_event)"),
    ],
  ),
  rule(
    "log_leaf_grows",
    () => [addLeaf({ index: "3" })],
    () => [addLeaf({ index: "2" })],
  ),
  rule(
    "log_checkpoint_grows",
    () => [addCheckpoint({ size: "1" }), addCheckpoint({ size: "3" }), [addLeaf({}), addCheckpoint({ size: "2" })]],
    () => [addCheckpoint({ size: "2" })],
  ),
  ...(["log_leaf", "log_tile", "log_checkpoint", "receipt"] as const).flatMap((table) => [
    rule(
      `${table}_append_only`,
      () => [`DELETE FROM ${table}`, `UPDATE ${table} SET ${changeOf[table]}`],
      () => [`SELECT 1 FROM ${table}`],
    ),
    rule(
      `${table}_no_truncate`,
      () => [`TRUNCATE ${table} CASCADE`],
      () => [`SELECT 1 FROM ${table}`],
    ),
  ]),
  rule(
    "recording_gets_receipt",
    (f) => [[seal(f), failUnless(`NOT EXISTS (SELECT 1 FROM receipt_due WHERE recording_id = '${f.received}')`)]],
    (f) => [seal(f), failUnless(`EXISTS (SELECT 1 FROM receipt_due WHERE recording_id = '${f.received}')`)],
  ),
  rule(
    "receipt_of_sealed",
    (f) => [addReceipt(f.received, "0"), addReceipt(f.sealed, "1"), addReceipt(f.sealed, "2")],
    (f) => [addReceipt(f.sealed, "0")],
  ),
  rule(
    "manifest_stays",
    (f) => [
      "UPDATE manifest SET jws = 'y'",
      "UPDATE manifest SET sequence = 2",
      "DELETE FROM manifest",
      [addSibling(f), moveManifest],
      [endUpload(f), moveManifest.replace("R-1", f.received)],
      [setAside("manifest"), "UPDATE manifest SET set_aside_at = NULL"],
    ],
    (f) => [addSibling(f), endUpload(f), moveManifest, setAside("manifest")],
  ),
  rule(
    "manifest_no_truncate",
    () => ["TRUNCATE manifest CASCADE", "TRUNCATE device_key CASCADE"],
    () => ["SELECT 1 FROM manifest"],
  ),
  rule(
    "chunk_never_shrinks",
    (f) => [
      chunk(f).replace("SET", "SET length_bytes = 999"),
      chunk(f).replace("SET", "SET index = 1"),
      `UPDATE chunk SET length_bytes = length_bytes + 1 WHERE recording_id = '${f.sealed}'`,
    ],
    (f) => [chunk(f).replace("SET", `SET length_bytes = 2000, sha256 = ${zeros}`)],
  ),
  column(
    "request_state_transition",
    request,
    [
      "state = 'released'",
      "state = 'closed', ended_at = now()",
      `order_sha256 = ${ones}`,
      "legal_basis = 'warrant'",
      "revision = 0",
    ],
    [
      "state = 'in_review'",
      "state = 'approved', revision = 2",
      "state = 'released'",
      "state = 'closed', ended_at = now()",
    ],
  ),
  rule(
    "approval_not_by_requester",
    (f) => [
      approve(f.request, f.requester),
      approve(f.request, f.admin),
      `UPDATE approval SET ordinal = 3 - ordinal, voided_at = now() WHERE request_id = '${f.releasedRequest}'`,
    ],
    (f) => [approve(f.request, f.third)],
  ),
  rule(
    "release_needs_two_approvals",
    (f) => [
      openRelease(f),
      [approve(f.request, f.first, 1), openRelease(f)],
      [...approveTwice(f), openRelease(f, f.requester, ones)],
      [...approveTwice(f), openRelease(f, f.first)],
      [...approveTwice(f), `UPDATE approval SET voided_at = now() WHERE ordinal = 2`, openRelease(f)],
      release(f).replace("SET", "SET open_until = open_until + interval '1 day'"),
    ],
    (f) => [...approveTwice(f), openRelease(f)],
  ),
  rule(
    "release_recording_sealed",
    (f) => [`INSERT INTO release_recording VALUES ('${f.release}', '${f.received}')`],
    (f) => [
      ...approveTwice(f),
      openRelease(f),
      include(f, f.sealed),
      `INSERT INTO release_recording VALUES ('L-1', '${f.sealed}')`,
    ],
  ),
];

const addPolicy = (isDefault: string) =>
  insert("device_policy", { id: "'F-1'", name: "'Vans'", is_default: isDefault, created_at: "now()" });

function addPolicyVersion(columns: Record<string, string>): string {
  const all = { policy_id: "'F-00000-00000'", settings: "'{}'", silent_after_seconds: "600", created_at: "now()" };
  return insert("device_policy_version", { ...all, ...columns });
}

function addStatement(f: Fixture, columns: Record<string, string>): string {
  const all = {
    statement_sha256: twos,
    device_id: `(SELECT device_id FROM recording WHERE id = '${f.receiving}')`,
    kid: "repeat('k', 43)",
    sequence: "7",
    chain: "'gap'",
    kind: "'tombstone'",
    of_sequence: "6",
    of_manifest_sha256: zeros,
    facts: "'{}'",
    jws: "'x'",
    received_at: "now()",
    ...columns,
  };
  return insert("chain_statement", all);
}

function addSidecar(f: Fixture, columns: Record<string, string>): string {
  const all = {
    recording_id: `'${f.receiving}'`,
    name: "'a.gpx'",
    sha256: ones,
    size_bytes: "1",
    manifest_sha256: zeros,
  };
  return insert("sidecar", { ...all, received_at: "now()", ...columns });
}

const setAside = (table: string) => `UPDATE ${table} SET set_aside_at = now() + random() * interval '1 day'`;

function addGap(f: Fixture, columns: Record<string, string>): string {
  const device_id = `(SELECT device_id FROM recording WHERE id = '${f.sealed}')`;
  const all = { id: "'N-1'", device_id, numbers: "'{[3,5)}'", reason: "'x'", acknowledged_by: "'y'" };
  return insert("acknowledged_gap", { ...all, acknowledged_at: "now()", ...columns });
}

function addWanted(f: Fixture, columns: Record<string, string>): string {
  const device_id = `(SELECT device_id FROM recording WHERE id = '${f.sealed}')`;
  const all = { id: "'W-1'", device_id, file_name: "'a.mp4'", asked_by: "'x'", asked_at: "now()", ...columns };
  return insert("wanted_file", all);
}

function addUpload(f: Fixture, chunkSizeBytes: number, columns: Record<string, string> = {}): string {
  const names = Object.keys(columns).map((name) => `${name}, `);
  const values = Object.values(columns).map((value) => `${value}, `);
  return `WITH r AS (${addRecording(f, { id: "gen_random_uuid()::text" })} RETURNING id, device_id)
    INSERT INTO upload (${names.join("")}id, recording_id, device_id, chunk_size_bytes, created_at, last_activity_at)
    SELECT ${values.join("")}'U-1', id, device_id, ${chunkSizeBytes}, now(), now() FROM r`;
}

/** A part of no recording. */
function addPart(f: Fixture, columns: Record<string, string>): string {
  const all = { id: "'U-1'", kind: "'part'", length_bytes: "0", chunk_size_bytes: "400000", ...columns };
  return `INSERT INTO upload (${Object.keys(all).join(", ")}, device_id, created_at, last_activity_at)
    SELECT ${Object.values(all).join(", ")}, device_id, now(), now() FROM recording WHERE id = '${f.sealed}'`;
}

function addChunk(f: Fixture, index: string, lengthBytes: string, sha256 = "NULL"): string {
  return `INSERT INTO chunk (recording_id, index, offset_bytes, length_bytes, sha256, received_at, received_from)
    VALUES ('${f.receiving}', ${index}, 0, ${lengthBytes}, ${sha256}, now(), 'x')`;
}

function addCode(columns: Record<string, string>): string {
  const all = {
    ...{ id: "'C-1'", code_sha256: zeros, is_typed: "false", max_uses: "5", needs_approval: "true" },
    ...{ created_at: "now()", made_by: "'x'", expires_at: "now() + interval '1 day'", ...columns },
  };
  return `INSERT INTO enrolment_code (${Object.keys(all).join(", ")}) VALUES (${Object.values(all).join(", ")})`;
}

const addInstance = (f: Fixture, process: string) =>
  `INSERT INTO device_instance (device_id, boot_id, process, first_seen_at)
   SELECT device_id, 'boot', '${process}', now() FROM recording WHERE id = '${f.sealed}'`;

function addKey(f: Fixture, columns: Record<string, string>): string {
  const all = { kid: "repeat('x', 43)", public_key: ones, created_at: "now()", ...columns };
  return `INSERT INTO device_key (${Object.keys(all).join(", ")}, device_id)
    SELECT ${Object.values(all).join(", ")}, device_id FROM recording WHERE id = '${f.sealed}'`;
}

function addManifest(f: Fixture, columns: Record<string, string>): string {
  const all = {
    manifest_sha256: ones,
    recording_id: `'${f.receiving}'`,
    kid: "repeat('k', 43)",
    sequence: "1",
    chain: "'fork'",
    chunk_size_bytes: "400000",
    chunk_sha256s: "''",
    facts: "'{}'",
    jws: "'x'",
    received_at: "now()",
    ...columns,
  };
  return `INSERT INTO manifest (${Object.keys(all).join(", ")}, device_id)
    SELECT ${Object.values(all).join(", ")}, device_id FROM recording WHERE id = '${f.receiving}'`;
}

const moveManifest = "UPDATE manifest SET recording_id = 'R-1'";
const endUpload = (f: Fixture) => upload(f).replace("SET", "SET state = 'terminated'");
/** Another recording of the device that sent the manifest. */
const addSibling = (f: Fixture) =>
  addRecording(f, { device_id: `(SELECT device_id FROM recording WHERE id = '${f.receiving}')` });

/** The same request under another id, with one column changed. */
function copyRequest(f: Fixture, name: string, value: string): string {
  const changes = `jsonb_build_object('id', 'Q-1', '${name}', ${value})`;
  return `INSERT INTO request SELECT (jsonb_populate_record(r, ${changes})).* FROM request r WHERE id = '${f.request}'`;
}

const changeOf = {
  log_leaf: "salt = salt",
  log_tile: "root = root",
  log_checkpoint: "note = note",
  receipt: "jws = jws",
};
const retireKey = "UPDATE signing_key SET retired_at = now(), encrypted_private_key = NULL WHERE purpose = 'receipt'";

function insert(table: string, columns: Record<string, string>): string {
  return `INSERT INTO ${table} (${Object.keys(columns).join(", ")}) VALUES (${Object.values(columns).join(", ")})`;
}

/** A key that is retired, unless said otherwise. */
function addSigningKey(columns: Record<string, string>): string {
  const all = { kid: "'other'", purpose: "'receipt'", public_key: zeros, created_at: "now()", retired_at: "now()" };
  return insert("signing_key", { ...all, ...columns });
}

function addLeaf(columns: Record<string, string>): string {
  return insert("log_leaf", { index: "2", seq: "-1", leaf: zeros, salt: zeros, hash: zeros, ...columns });
}

function addTile(columns: Record<string, string>): string {
  const hashes = "decode(repeat('00', 8192), 'hex')";
  return insert("log_tile", { level: "6", index: "0", hashes, root: zeros, ...columns });
}

function addCheckpoint(columns: Record<string, string>): string {
  return insert("log_checkpoint", { root: zeros, note: "'x'", kid: "'log'", created_at: "now()", ...columns });
}

function addReceipt(recording: string, index: string): string {
  const columns = {
    recording_id: `'${recording}'`,
    log_index: index,
    kid: "'receipt'",
    jws: "'x'",
    created_at: "now()",
  };
  return insert("receipt", columns);
}

function seal(f: Fixture): string {
  return `UPDATE recording SET state = 'sealed', sealed_at = now() WHERE id = '${f.received}'`;
}

/** Fails as a trigger does, for triggers that do not refuse but write. */
function failUnless(condition: string): string {
  return `DO $$ BEGIN IF NOT (${condition}) THEN RAISE EXCEPTION 'it did not' USING ERRCODE = 'restrict_violation'; END IF; END $$`;
}
