use crate::connection::{Connection, part};

/// Refreshes a session again and again on one connection.
pub(crate) struct Chain {
    connection: Connection,
    refresh_token: String,
}

impl Chain {
    /// To `host:port`.
    pub(crate) async fn begin(address: &str, refresh_token: String) -> Self {
        Self { connection: Connection::open(address).await, refresh_token }
    }

    pub(crate) async fn refresh(&mut self) {
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.refresh_token);
        let answer = self.connection.post("/auth/refresh", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.refresh_token = part(answer.body, "\"refresh_token\":\"", '"').to_owned();
    }
}
