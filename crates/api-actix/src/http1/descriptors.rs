/// Descriptors that are needed besides those of clients and of the database: the ports, the runtime, files, and the
/// connections of operators to the metrics.
const RESERVED: usize = 32 + super::OPERATORS_CONNECTIONS;
/// Descriptors of a connection to the database: on SQLite the file, its log, and its index.
const PER_DATABASE_CONNECTION: usize = 3;
/// Connections besides those of the pool: what follows revocations, and SQLite's writer.
const BESIDES_THE_POOL: usize = 2;
/// So many connections are taken in any case.
const FEWEST: usize = 16;

/// Raises the limit of open descriptors as far as the system allows, and returns how many connections of clients these
/// suffice for.
pub(super) fn connections_that_fit(database_connections: u32) -> usize {
    let Some(descriptors) = raise() else { return usize::MAX };
    fitting(descriptors, usize::try_from(database_connections).unwrap_or(usize::MAX))
}

fn fitting(descriptors: usize, database_connections: usize) -> usize {
    let database = database_connections.saturating_add(BESIDES_THE_POOL).saturating_mul(PER_DATABASE_CONNECTION);
    descriptors.saturating_sub(database).saturating_sub(RESERVED).max(FEWEST)
}

/// The soft limit becomes the hard one. `None` where there is no limit.
#[cfg(unix)]
fn raise() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open descriptors cannot be raised");
            limit.current
        }
    };
    current.map(|current| usize::try_from(current).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn raise() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_may_need_is_left_to_it() {
        assert_eq!(fitting(1024, 10), 1024 - 48 - 36);
        assert_eq!(fitting(128, 10), 44);
        assert_eq!(fitting(64, 10), FEWEST);
        assert_eq!(fitting(usize::MAX, usize::MAX), FEWEST);
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_is_as_high_as_the_system_allows() {
        use rustix::process::{Resource, getrlimit};

        let raised = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(raised, limit.current.map(|current| usize::try_from(current).unwrap()));
    }
}
