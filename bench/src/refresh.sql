-- What a refresh runs, for pgbench. The bench compares the two statements with those that the server was seen to run.

-- Once: each client takes a session of its own.
\if :known = 0
SELECT 1 AS known, id, generation FROM refresh_tokens
    WHERE user_id = (SELECT id FROM users WHERE email = 'pgbench@example.com')
    ORDER BY id OFFSET :client_id LIMIT 1 \gset
\endif

\set one 1
\set next :generation + 1
\set now 20261200 + random(1, 28)
\set later 20270100 + random(1, 28)
SELECT "refresh_tokens"."id" AS "A_id", "refresh_tokens"."user_id" AS "A_user_id", "refresh_tokens"."nonce" AS
    "A_nonce", "refresh_tokens"."generation" AS "A_generation", "refresh_tokens"."created_at" AS "A_created_at",
    "refresh_tokens"."rotated_at" AS "A_rotated_at", "refresh_tokens"."last_used_at" AS "A_last_used_at",
    "refresh_tokens"."idle_expires_at" AS "A_idle_expires_at", "refresh_tokens"."expires_at" AS "A_expires_at",
    "refresh_tokens"."revoked_at" AS "A_revoked_at", "refresh_tokens"."revoked_reason" AS "A_revoked_reason",
    "refresh_tokens"."user_agent" AS "A_user_agent", "refresh_tokens"."address" AS "A_address", "users"."id" AS
    "B_id", "users"."email" AS "B_email", "users"."email_key" AS "B_email_key", "users"."username" AS "B_username",
    "users"."full_name" AS "B_full_name", "users"."full_name_key" AS "B_full_name_key", "users"."birthday" AS
    "B_birthday", "users"."locale" AS "B_locale", "users"."role" AS "B_role", "users"."is_active" AS "B_is_active", "users"."email_verified" AS
    "B_email_verified", "users"."epoch" AS "B_epoch",
    "users"."created_at" AS "B_created_at", "users"."updated_at" AS "B_updated_at", "users"."last_login" AS
    "B_last_login" FROM "refresh_tokens" LEFT JOIN "users" ON "refresh_tokens"."user_id" = "users"."id" WHERE
    "refresh_tokens"."id" = :id LIMIT :one;
UPDATE "refresh_tokens" SET "generation" = :next, "rotated_at" = :now, "last_used_at" = :now, "idle_expires_at" =
    :later WHERE "refresh_tokens"."id" = :id AND "refresh_tokens"."generation" = :generation AND
    "refresh_tokens"."revoked_at" IS NULL;
\set generation :next
