-- A database of the previous version, with the last of whose migrations it ends: see upgrade.rs.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.notify_hexauth() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify('hexauth', ''); RETURN NULL; END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.events (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    subject uuid,
    actor_kind text NOT NULL,
    actor_id text,
    actor_session uuid,
    session uuid,
    address text,
    details jsonb NOT NULL
);

CREATE TABLE public.health_probes (
    padding text NOT NULL
);
ALTER TABLE ONLY public.health_probes ALTER COLUMN padding SET STORAGE PLAIN;

CREATE TABLE public.passwords (
    user_id uuid NOT NULL,
    hash text NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.refresh_tokens (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    nonce bytea NOT NULL,
    generation bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    rotated_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    idle_expires_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    user_agent text,
    address text
);

CREATE TABLE public.revocations (
    id bigint NOT NULL,
    session_id uuid,
    user_id uuid,
    epoch bigint,
    expires_at timestamp with time zone NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT ck_revocations_of_session_or_user CHECK ((((session_id IS NOT NULL) AND (user_id IS NULL) AND (epoch IS NULL)) OR ((session_id IS NULL) AND (user_id IS NOT NULL) AND (epoch IS NOT NULL)))),
    CONSTRAINT revocations_epoch_check CHECK (((epoch >= 0) AND (epoch <= '4294967295'::bigint)))
);

ALTER TABLE public.revocations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.revocations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);

CREATE TABLE public.signing_keys (
    id uuid NOT NULL,
    algorithm text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    active_since timestamp with time zone,
    accepted_until timestamp with time zone,
    token_ttl bigint NOT NULL
);

CREATE TABLE public.tasks (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    title text NOT NULL,
    description text,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL COLLATE pg_catalog."C",
    username text COLLATE pg_catalog."C",
    full_name text,
    full_name_key text COLLATE pg_catalog."C",
    birthday date,
    role text NOT NULL,
    is_active boolean NOT NULL,
    email_verified boolean NOT NULL,
    epoch bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    last_login timestamp with time zone
);

INSERT INTO public.events VALUES ('01a2191c-21f6-7664-9186-081a329e0e33', '2026-11-26 18:26:43.830278+00', 'user.created', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'operator', NULL, NULL, NULL, NULL, '{"role": "admin"}');
INSERT INTO public.events VALUES ('01a2191c-3521-75d9-b1a5-03e050c8871a', '2026-11-26 18:26:48.737731+00', 'keys.rotated', '90e104e2-d4ab-488f-881b-0e186f4822c1', 'operator', NULL, NULL, NULL, NULL, '{"retired": "8f73490e-79fb-4b3a-a59e-3306ba94259b"}');
INSERT INTO public.events VALUES ('01a2191c-220a-7b9b-bc19-a3ec0c4f67e8', '2026-11-26 18:26:43.850439+00', 'user.created', '01a2191c-2204-76b1-a127-649064ebe8b4', 'anyone', NULL, NULL, NULL, '192.0.2.7', '{"role": "user"}');
INSERT INTO public.events VALUES ('01a2191c-2213-700a-b1cc-e20916ebc9a2', '2026-11-26 18:26:43.859559+00', 'user.created', '01a2191c-2212-7db6-a714-e37aff7e2e1b', 'anyone', NULL, NULL, NULL, '192.0.2.7', '{"role": "user"}');
INSERT INTO public.events VALUES ('01a2191c-221a-7a2f-83d1-d9bf0023ecf1', '2026-11-26 18:26:43.866497+00', 'login.succeeded', '01a2191c-2204-76b1-a127-649064ebe8b4', 'user', '01a2191c-2204-76b1-a127-649064ebe8b4', '174cac29-f987-491d-a7f4-73c6d62a385e', '174cac29-f987-491d-a7f4-73c6d62a385e', '192.0.2.7', '{}');
INSERT INTO public.events VALUES ('01a2191c-2226-7a45-869d-6bf98da257ce', '2026-11-26 18:26:43.87872+00', 'login.succeeded', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'user', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'ce4bc5f5-d49d-45d5-9846-276f094eec07', 'ce4bc5f5-d49d-45d5-9846-276f094eec07', '192.0.2.7', '{}');
INSERT INTO public.events VALUES ('01a2191c-2237-7fdb-81a8-381449b61636', '2026-11-26 18:26:43.895346+00', 'user.updated', '01a2191c-2212-7db6-a714-e37aff7e2e1b', 'user', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'ce4bc5f5-d49d-45d5-9846-276f094eec07', NULL, '192.0.2.7', '{"role": "user", "is_active": "false", "sessions_ended": "disabled"}');
INSERT INTO public.events VALUES ('01a2191c-223e-7f37-bd75-02bb6857941a', '2026-11-26 18:26:43.902302+00', 'sessions.ended', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'user', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'ce4bc5f5-d49d-45d5-9846-276f094eec07', 'ce4bc5f5-d49d-45d5-9846-276f094eec07', '192.0.2.7', '{"reason": "logout"}');

INSERT INTO public.passwords VALUES ('01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', '$argon2id$v=19$m=64,t=1,p=1$1uQoeMSDRbmqiRJn3KAHtg$/O6ZMbYPCEN7nit7prukkxpjU7KoqzWVpqzOUkAAKvQ', '2026-11-26 18:26:43.827504+00');
INSERT INTO public.passwords VALUES ('01a2191c-2204-76b1-a127-649064ebe8b4', '$argon2id$v=19$m=64,t=1,p=1$rxpaPpRUnxOHXyO2bZlu8w$Y1eAshtPBtIhN+Af5oBsJa4g9vpbB07p2KrmYDNoqdA', '2026-11-26 18:26:43.844903+00');
INSERT INTO public.passwords VALUES ('01a2191c-2212-7db6-a714-e37aff7e2e1b', '$argon2id$v=19$m=64,t=1,p=1$bGc6Md+MoS59ix6Y2QpRVw$TXMwXk4fiRBJDOAKkv7yA8Yg1uImXAy8qIvRYwqdD1A', '2026-11-26 18:26:43.858504+00');

INSERT INTO public.refresh_tokens VALUES ('ce4bc5f5-d49d-45d5-9846-276f094eec07', '01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', '\x9a3e5f8418724e3fb57ca642d3ec025a', 1, '2026-11-26 18:26:43.877852+00', '2026-11-26 18:26:43.877852+00', '2026-11-26 18:26:43.877852+00', '2999-11-26 00:00:00+00', '2999-11-26 00:00:00+00', '2026-11-26 18:26:43.901414+00', 'logout', 'curl/8.5', '192.0.2.7');
INSERT INTO public.refresh_tokens VALUES ('174cac29-f987-491d-a7f4-73c6d62a385e', '01a2191c-2204-76b1-a127-649064ebe8b4', '\xef1d6462618345bbac0278510c8113bd', 2, '2026-11-26 18:26:43.864533+00', '2026-11-26 18:26:43.906067+00', '2026-11-26 18:26:43.906067+00', '2999-11-26 00:00:00+00', '2999-11-26 00:00:00+00', NULL, NULL, 'curl/8.5', '192.0.2.7');

INSERT INTO public.revocations OVERRIDING SYSTEM VALUE VALUES (1, NULL, '01a2191c-2212-7db6-a714-e37aff7e2e1b', 1, '2026-11-26 18:42:43.89327+00', '748');
INSERT INTO public.revocations OVERRIDING SYSTEM VALUE VALUES (2, 'ce4bc5f5-d49d-45d5-9846-276f094eec07', NULL, NULL, '2026-11-26 18:42:43.902042+00', '749');

INSERT INTO public.seaql_migrations VALUES ('m20261126_000001_create_users', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000002_index_user_lists', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000003_create_passwords', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000004_create_refresh_tokens', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000005_create_revocations', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000006_create_signing_keys', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000007_create_events', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000008_create_health_probes', 1795717603);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000009_create_tasks', 1795717603);

INSERT INTO public.signing_keys VALUES ('8f73490e-79fb-4b3a-a59e-3306ba94259b', 'EdDSA', '\x01f5d7d734354afb3c94ac8ebd376f576f251063f70c7c5a0c93f087b7f22943cabc81ac25b9c3538cd4f3eff455088d6424ba90225e3ff977935ef47c4123ac0a46f542e15237cfedf1940c70c55a789b007c10530eec59fc01d9a2ae43c8bbfbb4b30b46b88352d6e6ee20e0c31245', '2026-11-26 18:26:43.676449+00', 'retired', NULL, '2026-11-26 18:41:53.687826+00', 0);
INSERT INTO public.signing_keys VALUES ('90e104e2-d4ab-488f-881b-0e186f4822c1', 'EdDSA', '\x015508537d6062ab4e35a7df5358cf957e7c2eab12460edae309401cb25adf2b6cf7c20c53918bf9b29fea8ad9ffd873617e26ff2af7a1aa3f9ed9a48d3d6e904ae40afb1ad26d807f976e217dfdf4fc57f31fb5f776cfbbd07fa1abe5655a31f6b861d43bc1cc5c23a05234cf973a64', '2026-11-26 18:26:43.686266+00', 'active', '2026-11-26 18:26:48.687826+00', NULL, 900000000);
INSERT INTO public.signing_keys VALUES ('0ccb2598-87d1-44a7-a205-7990b3612d5e', 'EdDSA', '\x015e5c279b81ff9fd58515d13c5e2d22f8ded98059404f4c179887aff5e6fa18654492c1b883943809598b6f30f24430d1f0243e3ee7357ddc9970c89656af5f0685e800b39d1815bff6c5465b65e399e426a2333d83d11b54c247871c4343e74245e7f3e42bca0c799de17bd4d6287d', '2026-11-26 18:26:48.732835+00', 'next', NULL, NULL, 0);

INSERT INTO public.tasks VALUES ('01a2191c-221e-7ed0-a8e2-49f814fd31fe', '01a2191c-2204-76b1-a127-649064ebe8b4', 'Write notes', 'On the engine', 'todo', '2026-11-26 18:26:43.870729+00', '2026-11-26 18:26:43.870729+00');
INSERT INTO public.tasks VALUES ('01a2191c-2223-795b-9cab-6f8be3b5cb86', '01a2191c-2204-76b1-a127-649064ebe8b4', 'Compute Bernoulli numbers', NULL, 'todo', '2026-11-26 18:26:43.875064+00', '2026-11-26 18:26:43.875064+00');

INSERT INTO public.users VALUES ('01a2191c-2204-76b1-a127-649064ebe8b4', 'Ada@example.com', 'ada@example.com', 'ada', 'Ada Augusta Lovelace', 'ada augusta lovelace', '1990-12-10', 'user', true, false, 0, '2026-11-26 18:26:43.844903+00', '2026-11-26 18:26:43.844903+00', '2026-11-26 18:26:43.864533+00');
INSERT INTO public.users VALUES ('01a2191c-21f3-79b1-a3be-1e95c7e6b5cc', 'grace@example.com', 'grace@example.com', NULL, NULL, NULL, NULL, 'admin', true, false, 0, '2026-11-26 18:26:43.827504+00', '2026-11-26 18:26:43.827504+00', '2026-11-26 18:26:43.877852+00');
INSERT INTO public.users VALUES ('01a2191c-2212-7db6-a714-e37aff7e2e1b', 'alan@example.com', 'alan@example.com', NULL, NULL, NULL, NULL, 'user', false, false, 1, '2026-11-26 18:26:43.858504+00', '2026-11-26 18:26:43.892265+00', NULL);

SELECT pg_catalog.setval('public.revocations_id_seq', 2, true);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.passwords
    ADD CONSTRAINT passwords_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX ix_events_at ON public.events USING btree (at);

CREATE INDEX ix_refresh_tokens_idle_expires_at ON public.refresh_tokens USING btree (idle_expires_at);

CREATE INDEX ix_refresh_tokens_revoked_at ON public.refresh_tokens USING btree (revoked_at);

CREATE INDEX ix_refresh_tokens_user_id ON public.refresh_tokens USING btree (user_id);

CREATE INDEX ix_revocations_expires_at ON public.revocations USING btree (expires_at);

CREATE INDEX ix_revocations_transaction_id ON public.revocations USING btree (transaction_id);

CREATE INDEX ix_tasks_owner_id_created_at ON public.tasks USING btree (owner_id, created_at, id);

CREATE INDEX ix_tasks_owner_id_status_created_at ON public.tasks USING btree (owner_id, status, created_at, id);

CREATE INDEX ix_users_admins ON public.users USING btree (created_at, id) WHERE (role = 'admin'::text);

CREATE INDEX ix_users_created_at ON public.users USING btree (created_at, id);

CREATE INDEX ix_users_disabled ON public.users USING btree (created_at, id) WHERE (is_active = false);

CREATE INDEX ix_users_full_name_words ON public.users USING gin (array_to_tsvector(array_remove(string_to_array(full_name_key, ' '::text), ''::text))) WITH (fastupdate=off);

CREATE INDEX ix_users_last_login ON public.users USING btree (COALESCE(last_login, '-infinity'::timestamp with time zone), id);

CREATE UNIQUE INDEX uq_signing_keys_state ON public.signing_keys USING btree (state) WHERE (state <> 'retired'::text);

CREATE UNIQUE INDEX uq_users_email_key ON public.users USING btree (email_key);

CREATE UNIQUE INDEX uq_users_username ON public.users USING btree (username);

CREATE TRIGGER revocations_notify AFTER INSERT ON public.revocations FOR EACH STATEMENT EXECUTE FUNCTION public.notify_hexauth();

CREATE TRIGGER signing_keys_notify AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION public.notify_hexauth();

ALTER TABLE ONLY public.passwords
    ADD CONSTRAINT fk_passwords_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT fk_refresh_tokens_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_owner_id FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

