-- The log is filtered by what was acted upon. Few events name an account or a release, so these stay small.
CREATE INDEX "custody_event_account" ON "custody_event" ("account_id", "at" DESC, "seq" DESC) WHERE "account_id" IS NOT NULL;
CREATE INDEX "custody_event_release" ON "custody_event" ("release_id", "at" DESC, "seq" DESC) WHERE "release_id" IS NOT NULL;
CREATE INDEX "custody_event_device" ON "custody_event" ("device_id", "at" DESC, "seq" DESC) WHERE "device_id" IS NOT NULL;
