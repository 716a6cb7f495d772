-- The log is read in order of time, filtered by who acted, by what was acted upon, and by what went wrong. Few
-- events name an account or a release, and few are refused, so these stay small.
CREATE INDEX "custody_event_actor_at" ON "custody_event" ("actor_id", "at" DESC, "seq" DESC) WHERE "actor_id" IS NOT NULL;
CREATE INDEX "custody_event_account" ON "custody_event" ("account_id", "at" DESC, "seq" DESC) WHERE "account_id" IS NOT NULL;
CREATE INDEX "custody_event_release" ON "custody_event" ("release_id", "at" DESC, "seq" DESC) WHERE "release_id" IS NOT NULL;
CREATE INDEX "custody_event_device" ON "custody_event" ("device_id", "at" DESC, "seq" DESC) WHERE "device_id" IS NOT NULL;
CREATE INDEX "custody_event_not_done" ON "custody_event" ("outcome", "at" DESC, "seq" DESC) WHERE "outcome" <> 'done';
