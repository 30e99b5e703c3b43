use std::sync::Arc;

use domain::clients::MockClientSecrets;

use super::Clients;
use crate::sessions::testing::Mocks;

/// Clients of these sessions.
pub(super) fn clients_of(sessions: Mocks) -> Clients {
    let attempts = crate::attempts::testing::Mocks::default().build();
    Clients { secrets: Arc::new(MockClientSecrets::new()), attempts, sessions: sessions.build() }
}
