use crate::config::{DatabaseSettings, DatabaseUrl};

/// Descriptors that are needed apart from those of clients, of workers and of the database: the ports, the runtime,
/// files, and the connections of operators to the metrics.
const RESERVED: usize = 32 + super::OPERATORS_CONNECTIONS;
/// Descriptors of the runtime that each worker has.
const PER_WORKER: usize = 4;
/// Connections to the database apart from those of the pool: the one that follows revocations, and SQLite's writer.
const BESIDES_THE_POOL: usize = 2;
/// This many connections are accepted in any case.
const FEWEST: usize = 16;

/// Raises the limit of open descriptors as far as the system allows, and returns how many connections of clients these
/// suffice for.
pub(super) fn connections_that_fit(database: &DatabaseSettings, workers: usize) -> usize {
    let Some(descriptors) = raise() else { return usize::MAX };
    // For SQLite the file, its log, and its index.
    let per_connection = if matches!(database.url, DatabaseUrl::Sqlite(_)) { 3 } else { 1 };
    let connections = usize::try_from(database.max_connections).unwrap_or(usize::MAX);
    let database = connections.saturating_add(BESIDES_THE_POOL).saturating_mul(per_connection);
    fitting(descriptors, database, workers)
}

fn fitting(descriptors: usize, database: usize, workers: usize) -> usize {
    let others = RESERVED.saturating_add(database).saturating_add(workers.saturating_mul(PER_WORKER));
    let connections = descriptors.saturating_sub(others);
    if connections < FEWEST {
        tracing::warn!(
            descriptors,
            needed = others.saturating_add(FEWEST),
            "too few descriptors may be open: raise their limit"
        );
    }
    connections.max(FEWEST)
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
    fn what_others_need_is_left_to_them() {
        assert_eq!(fitting(1024, 36, 2), 1024 - 48 - 36 - 8);
        assert_eq!(fitting(1024, 12, 64), 1024 - 48 - 12 - 256);
        assert_eq!(fitting(128, 36, 2), 36);
        assert_eq!(fitting(64, 36, 2), FEWEST);
        assert_eq!(fitting(usize::MAX, usize::MAX, usize::MAX), FEWEST);
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
