-- A database of the previous version, with the last of whose migrations it ends: see upgrade.rs.
BEGIN TRANSACTION;
CREATE TABLE "users" ( "id" uuid_text NOT NULL PRIMARY KEY, "email" text NOT NULL, "email_key" text NOT NULL, "username" text, "full_name" text, "full_name_key" text, "birthday" date_text, "role" text NOT NULL, "is_active" boolean NOT NULL, "email_verified" boolean NOT NULL, "epoch" integer NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, "updated_at" timestamp_with_timezone_text NOT NULL, "last_login" timestamp_with_timezone_text );
INSERT INTO "users" VALUES(X'01A2191C095E747E840D568CB376852F','grace@example.com','grace@example.com',NULL,NULL,NULL,NULL,'admin',1,0,0,'2026-11-26T18:26:37.534320+00:00','2026-11-26T18:26:37.534320+00:00','2026-11-26T18:26:37.570029+00:00');
INSERT INTO "users" VALUES(X'01A2191C0971703C9ED199A6E1180A59','Ada@example.com','ada@example.com','ada','Ada Augusta Lovelace','ada augusta lovelace','1990-12-10','user',1,0,0,'2026-11-26T18:26:37.553067+00:00','2026-11-26T18:26:37.553067+00:00','2026-11-26T18:26:37.559414+00:00');
INSERT INTO "users" VALUES(X'01A2191C0974755DB35399B6BDFF0A6B','alan@example.com','alan@example.com',NULL,NULL,NULL,NULL,'user',0,0,1,'2026-11-26T18:26:37.556313+00:00','2026-11-26T18:26:37.573527+00:00',NULL);
CREATE TABLE "events" ( "id" uuid_text NOT NULL PRIMARY KEY, "at" timestamp_with_timezone_text NOT NULL, "kind" text NOT NULL, "subject" uuid_text, "actor_kind" text NOT NULL, "actor_id" text, "actor_session" uuid_text, "session" uuid_text, "address" text, "details" jsonb_text NOT NULL );
INSERT INTO "events" VALUES(X'01A2191C096B7464BC33A2DB3E1A6F5B','2026-11-26T18:26:37.547028+00:00','user.created',X'01A2191C095E747E840D568CB376852F','operator',NULL,NULL,NULL,NULL,'{"role":"admin"}');
INSERT INTO "events" VALUES(X'01A2191C09727D8A837BBDF45DAE16ED','2026-11-26T18:26:37.554022+00:00','user.created',X'01A2191C0971703C9ED199A6E1180A59','anyone',NULL,NULL,NULL,'192.0.2.7','{"role":"user"}');
INSERT INTO "events" VALUES(X'01A2191C097475D09B946987FA38D1DE','2026-11-26T18:26:37.556784+00:00','user.created',X'01A2191C0974755DB35399B6BDFF0A6B','anyone',NULL,NULL,NULL,'192.0.2.7','{"role":"user"}');
INSERT INTO "events" VALUES(X'01A2191C097877EE9A9912E63E1F1A2B','2026-11-26T18:26:37.560024+00:00','login.succeeded',X'01A2191C0971703C9ED199A6E1180A59','user','01a2191c-0971-703c-9ed1-99a6e1180a59',X'9D6EF10F3F394BBD83F2060A9B36EFCC',X'9D6EF10F3F394BBD83F2060A9B36EFCC','192.0.2.7','{}');
INSERT INTO "events" VALUES(X'01A2191C098271EC8EAD025246FEF39A','2026-11-26T18:26:37.570564+00:00','login.succeeded',X'01A2191C095E747E840D568CB376852F','user','01a2191c-095e-747e-840d-568cb376852f',X'06D3131782C8409A8B05A5699DBE5872',X'06D3131782C8409A8B05A5699DBE5872','192.0.2.7','{}');
INSERT INTO "events" VALUES(X'01A2191C09867EAFBD13688CA900AD21','2026-11-26T18:26:37.574380+00:00','user.updated',X'01A2191C0974755DB35399B6BDFF0A6B','user','01a2191c-095e-747e-840d-568cb376852f',X'06D3131782C8409A8B05A5699DBE5872',NULL,'192.0.2.7','{"is_active":"false","role":"user","sessions_ended":"disabled"}');
INSERT INTO "events" VALUES(X'01A2191C0988799686B7FB797700128A','2026-11-26T18:26:37.576402+00:00','sessions.ended',X'01A2191C095E747E840D568CB376852F','user','01a2191c-095e-747e-840d-568cb376852f',X'06D3131782C8409A8B05A5699DBE5872',X'06D3131782C8409A8B05A5699DBE5872','192.0.2.7','{"reason":"logout"}');
INSERT INTO "events" VALUES(X'01A2191C1D657CFFB5CA4D2927080D69','2026-11-26T18:26:42.661009+00:00','keys.rotated',X'8A025903FC1C4B2F9A9081D7E7FFD437','operator',NULL,NULL,NULL,NULL,'{"retired":"376bbb56-7416-40a6-9f0a-e3a9cc15cb1b"}');
CREATE TABLE health_probes (id integer PRIMARY KEY AUTOINCREMENT, padding text NOT NULL);
CREATE TABLE "passwords" ( "user_id" uuid_text NOT NULL PRIMARY KEY, "hash" text NOT NULL, "changed_at" timestamp_with_timezone_text NOT NULL, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE );
INSERT INTO "passwords" VALUES(X'01A2191C095E747E840D568CB376852F','$argon2id$v=19$m=64,t=1,p=1$8b2dJcEEITkF8uvDc/yVBQ$n13cBEQ55L9g2tnkOs7RYDXWZkEXS2nBoJB4kbixTIQ','2026-11-26T18:26:37.534320+00:00');
INSERT INTO "passwords" VALUES(X'01A2191C0971703C9ED199A6E1180A59','$argon2id$v=19$m=64,t=1,p=1$RigAXfCuXHgkBCC6z/GBvA$Ga5ZUa3PtprF8WeI7hVwrLwCqeiKnvI397yEzy+EEMA','2026-11-26T18:26:37.553067+00:00');
INSERT INTO "passwords" VALUES(X'01A2191C0974755DB35399B6BDFF0A6B','$argon2id$v=19$m=64,t=1,p=1$lTKIU0n0zYzKjV0Jdi+QOA$qWUsz80yPAG/8RSderZy8kRO5xMV/J08E1VI00Vz98U','2026-11-26T18:26:37.556313+00:00');
CREATE TABLE "refresh_tokens" ( "id" uuid_text NOT NULL PRIMARY KEY, "user_id" uuid_text NOT NULL, "nonce" blob(1) NOT NULL, "generation" integer NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, "rotated_at" timestamp_with_timezone_text NOT NULL, "last_used_at" timestamp_with_timezone_text NOT NULL, "idle_expires_at" timestamp_with_timezone_text NOT NULL, "expires_at" timestamp_with_timezone_text NOT NULL, "revoked_at" timestamp_with_timezone_text, "revoked_reason" text, "user_agent" text, "address" text, FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE );
INSERT INTO "refresh_tokens" VALUES(X'9D6EF10F3F394BBD83F2060A9B36EFCC',X'01A2191C0971703C9ED199A6E1180A59',X'6415AD6B8C4E4AA19BF84D1E44ADBE88',2,'2026-11-26T18:26:37.559414+00:00','2026-11-26T18:26:37.577841+00:00','2026-11-26T18:26:37.577841+00:00','2999-11-26T18:26:37.559414+00:00','2999-11-26T18:26:37.559414+00:00',NULL,NULL,'curl/8.5','192.0.2.7');
INSERT INTO "refresh_tokens" VALUES(X'06D3131782C8409A8B05A5699DBE5872',X'01A2191C095E747E840D568CB376852F',X'55B65589B6404D39937A285B3EC03190',1,'2026-11-26T18:26:37.570029+00:00','2026-11-26T18:26:37.570029+00:00','2026-11-26T18:26:37.570029+00:00','2999-11-26T18:26:37.570029+00:00','2999-11-26T18:26:37.570029+00:00','2026-11-26T18:26:37.576187+00:00','logout','curl/8.5','192.0.2.7');
CREATE TABLE revocations (
    id integer PRIMARY KEY AUTOINCREMENT,
    session_id uuid_text,
    user_id uuid_text,
    epoch integer CHECK (epoch BETWEEN 0 AND 4294967295),
    expires_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT ck_revocations_of_session_or_user CHECK (
        (session_id IS NOT NULL AND user_id IS NULL AND epoch IS NULL)
        OR (session_id IS NULL AND user_id IS NOT NULL AND epoch IS NOT NULL)
    )
);
INSERT INTO "revocations" VALUES(1,NULL,X'01A2191C0974755DB35399B6BDFF0A6B',1,'2026-11-26T18:42:37.574176+00:00');
INSERT INTO "revocations" VALUES(2,X'06D3131782C8409A8B05A5699DBE5872',NULL,NULL,'2026-11-26T18:42:37.576327+00:00');
CREATE TABLE "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" integer NOT NULL );
INSERT INTO "seaql_migrations" VALUES('m20261126_000001_create_users',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000002_index_user_lists',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000003_create_passwords',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000004_create_refresh_tokens',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000005_create_revocations',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000006_create_signing_keys',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000007_create_events',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000008_create_health_probes',1795717597);
INSERT INTO "seaql_migrations" VALUES('m20261126_000009_create_tasks',1795717597);
CREATE TABLE "signing_keys" ( "id" uuid_text NOT NULL PRIMARY KEY, "algorithm" text NOT NULL, "sealed" blob(1) NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, "state" text NOT NULL, "active_since" timestamp_with_timezone_text, "accepted_until" timestamp_with_timezone_text, "token_ttl" integer NOT NULL );
INSERT INTO "signing_keys" VALUES(X'376BBB56741640A69F0AE3A9CC15CB1B','EdDSA',X'01F1AB06308625052D9DE771DBD84FBFC5F28FF2333C996935E7768E1358E838FFD32FC00758EB9A9C89A55DD0EA124BE33AFE029A80494DABE5F79CA5E27B3392A78CFFA5F6DB2B7B24D48BB32BBA4A5358646A1EA9C8ADE781362873DB8528B6C39F38C8114C63306A35FF5850467F','2026-11-26T18:26:37.445856+00:00','retired',NULL,'2026-11-26T18:41:47.462515+00:00',0);
INSERT INTO "signing_keys" VALUES(X'8A025903FC1C4B2F9A9081D7E7FFD437','EdDSA',X'014F081966FFC5D9807CA8BBE259B50CA27868FF57A01E69628CB26117889FCB9D0A07B7A7BE8A459F314690263CC414BF0844FC468BFDD81E49BA738995902B1D36F867ED11F6D43CE48190F6F329AA919BADB95B03F8461CD4939D51E9864C7B02B4C7E1BF4B6FEEBDD4298E752F3F','2026-11-26T18:26:37.459752+00:00','active','2026-11-26T18:26:42.462515+00:00',NULL,900000000);
INSERT INTO "signing_keys" VALUES(X'721E8A39A9BB42AFB1F24A0D7C5FA0A2','EdDSA',X'013C7D64E6AB478146B1FF300419B2DCFAD8A836359F39C954D3C9C08DB7829DB99B5B81D70755EF13D40F9399CC08FBBEB86157922093BD090C0ACE7EE471A15F490762B1FD0C9FDF768FF314F8E2F2B05F59125BAC4BD00DAA574DE2E1524449E63E79C9CC31AEC4D08FB492297710','2026-11-26T18:26:42.643149+00:00','next',NULL,NULL,0);
CREATE TABLE "tasks" ( "id" uuid_text NOT NULL PRIMARY KEY, "owner_id" uuid_text NOT NULL, "title" text NOT NULL, "description" text, "status" text NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, "updated_at" timestamp_with_timezone_text NOT NULL, FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE );
INSERT INTO "tasks" VALUES(X'01A2191C097B798293D0346AF77B00EB',X'01A2191C0971703C9ED199A6E1180A59','Write notes','On the engine','todo','2026-11-26T18:26:37.563535+00:00','2026-11-26T18:26:37.563535+00:00');
INSERT INTO "tasks" VALUES(X'01A2191C097E7FACB48227E43521E9D1',X'01A2191C0971703C9ED199A6E1180A59','Compute Bernoulli numbers',NULL,'todo','2026-11-26T18:26:37.566014+00:00','2026-11-26T18:26:37.566014+00:00');
CREATE UNIQUE INDEX "uq_users_email_key" ON "users" ("email_key");
CREATE UNIQUE INDEX "uq_users_username" ON "users" ("username");
CREATE INDEX "ix_users_created_at" ON "users" ("created_at", "id");
CREATE INDEX ix_users_last_login ON users (coalesce(last_login, '-infinity'), id);
CREATE INDEX ix_users_admins ON users (created_at, id) WHERE role = 'admin';
CREATE INDEX ix_users_disabled ON users (created_at, id) WHERE is_active = FALSE;
CREATE INDEX "ix_refresh_tokens_user_id" ON "refresh_tokens" ("user_id");
CREATE INDEX "ix_refresh_tokens_idle_expires_at" ON "refresh_tokens" ("idle_expires_at");
CREATE INDEX "ix_refresh_tokens_revoked_at" ON "refresh_tokens" ("revoked_at");
CREATE INDEX "ix_revocations_expires_at" ON "revocations" ("expires_at");
CREATE UNIQUE INDEX uq_signing_keys_state ON signing_keys (state) WHERE state <> 'retired';
CREATE INDEX "ix_events_at" ON "events" ("at");
CREATE INDEX "ix_tasks_owner_id_created_at" ON "tasks" ("owner_id", "created_at", "id");
CREATE INDEX "ix_tasks_owner_id_status_created_at" ON "tasks" ("owner_id", "status", "created_at", "id");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('revocations',2);
COMMIT;
