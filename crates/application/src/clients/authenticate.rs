use std::net::IpAddr;

use domain::Secret;
use domain::attempts::{AttemptKey, AttemptLimit, Attempted, Network, Subject};

use super::Clients;
use crate::ApplicationError;

impl Clients {
    /// Accepts a client that knows its secret. Others count as attempts, and wait after too many, the same for clients
    /// that do not exist.
    ///
    /// A random secret of 256 bits that is right does not count: nobody guesses one, and a gateway sends it with every
    /// request, which nobody must be able to keep waiting.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidClient`], [`ApplicationError::TooManyAttempts`], [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn authenticate(
        &self,
        client_id: &str,
        secret: &Secret,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        if self.secrets.is_random_secret(client_id, secret) {
            return Ok(());
        }
        let is_known = self.secrets.knows(client_id);
        let whose = if is_known { Subject::Client(client_id) } else { Subject::Unknown(client_id) };
        let (now, mac) = (self.attempts.clock.now(), self.attempts.mac.as_ref());
        let key = AttemptKey::new(Attempted::ClientSecret, whose, address.map(Network::of), mac);
        let attempt = self.attempts.take(key, &AttemptLimit::CLIENT_SECRET, now).await?;
        match self.secrets.verify(client_id, secret).await {
            Ok(true) => Ok(attempt.was_right().await?),
            Ok(false) => Err(ApplicationError::InvalidClient),
            Err(fault) => {
                attempt.came_to_nothing().await?;
                Err(fault.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use domain::attempts::Reservation;
    use domain::clients::MockClientSecrets;
    use domain::passwords::HashError;

    use super::*;
    use crate::attempts::testing as attempts;
    use crate::clients::testing::clients_of;
    use crate::sessions::testing as sessions;
    use crate::testing::now;

    /// A client whose secret is not a random one.
    async fn authenticate(
        attempts: attempts::Mocks,
        verified: Option<Result<bool, HashError>>,
    ) -> Result<(), ApplicationError> {
        let mut secrets = MockClientSecrets::new();
        secrets.expect_is_random_secret().return_const(false);
        secrets.expect_knows().return_const(true);
        if let Some(verified) = verified {
            secrets.expect_verify().times(1).return_once(|_, _| verified);
        }
        let clients = Clients {
            secrets: Arc::new(secrets),
            attempts: attempts.build(),
            ..clients_of(sessions::Mocks::default())
        };
        clients.authenticate("gateway", &Secret::new("secret".to_owned()), None).await
    }

    fn taking() -> attempts::Mocks {
        let mut mocks = attempts::Mocks::default();
        let is_limit = |_: &_, limit: &AttemptLimit, _: &_| *limit == AttemptLimit::CLIENT_SECRET;
        mocks.attempts.expect_reserve().withf(is_limit).times(1).returning(|_, _, _| Ok(Reservation::Taken));
        mocks
    }

    #[tokio::test]
    async fn a_random_secret_that_is_right_does_not_count() {
        let mut secrets = MockClientSecrets::new();
        secrets.expect_is_random_secret().return_const(true);
        let clients = Clients { secrets: Arc::new(secrets), ..clients_of(sessions::Mocks::default()) };
        clients.authenticate("gateway", &Secret::new("random".to_owned()), None).await.unwrap();
    }

    #[tokio::test]
    async fn any_other_secret_counts_before_it_is_looked_at() {
        assert!(matches!(authenticate(taking(), Some(Ok(false))).await, Err(ApplicationError::InvalidClient)));
        let mut mocks = taking();
        mocks.attempts.expect_forget().times(1).returning(|_| Ok(true));
        authenticate(mocks, Some(Ok(true))).await.unwrap();
        let mut mocks = taking();
        mocks.attempts.expect_give_back().times(1).returning(|_| Ok(()));
        let overloaded = authenticate(mocks, Some(Err(HashError::Overloaded))).await;
        assert!(matches!(overloaded, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn after_too_many_none_is_looked_at() {
        let mut mocks = attempts::Mocks::default();
        let free_at = now() + TimeDelta::seconds(5);
        mocks.attempts.expect_reserve().times(1).returning(move |_, _, _| Ok(Reservation::Refused { free_at }));
        assert!(matches!(authenticate(mocks, None).await, Err(ApplicationError::TooManyAttempts { .. })));
    }
}
