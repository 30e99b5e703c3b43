//! Many users at once, past the repositories.

/// SQL for PostgreSQL that inserts this many users, in tables that may hold others. Their ids, emails, usernames and
/// names are spread evenly and in no order: email, username and the last word of the name begin with hexadecimal
/// digits. One in ten never signed in, one in a hundred is disabled, and one in 10,000 is an admin.
pub fn insert_users(count: u32) -> String {
    format!(
        "INSERT INTO users (id, email, email_key, username, full_name, full_name_key, role, is_active, email_verified,
            epoch, created_at, updated_at, last_login)
        SELECT md5('id' || n)::uuid, email, email, substr(md5('username' || n), 1, 8) || n, name, lower(name),
            CASE WHEN n % 10000 = 0 THEN 'admin' ELSE 'user' END, n % 100 <> 1, false, 0,
            made_at, made_at, CASE WHEN n % 10 <> 2 THEN made_at + interval '1 second' * (n * 7919 % 1000003) END
        FROM generate_series(1, {count}::bigint) AS n,
            LATERAL (SELECT substr(md5('email' || n), 1, 8) || n || '@example.com' AS email,
                'Name ' || substr(md5('name' || n), 1, 8) AS name,
                timestamptz '2025-01-01 00:00:00+00:00' + interval '1 second' * (n / 3) AS made_at) AS made"
    )
}
