use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};

use crate::health::LastWrite;

/// Every repository, on one connection, pool or transaction.
///
/// Statements that only read begin with `SELECT ` and go through the `query` methods of `ConnectionTrait`, so that an
/// adapter can tell them from those that write.
#[derive(Debug)]
pub struct Store<C> {
    pub(crate) connection: C,
    /// Whether an error is one after which to try again.
    pub(crate) is_transient: fn(&DbErr) -> bool,
    /// Whether a statement has failed. It matters only inside a transaction.
    pub(crate) has_failed: AtomicBool,
    /// It matters only outside of transactions.
    pub(crate) last_write: LastWrite,
}

impl<C> Store<C> {
    /// The repositories on `connection`. `is_transient` tells after which errors to try again, which differs between
    /// databases.
    pub fn new(connection: C, is_transient: fn(&DbErr) -> bool) -> Self {
        Self { connection, is_transient, has_failed: AtomicBool::new(false), last_write: LastWrite::default() }
    }

    /// What the repositories run on, for an adapter that needs it for more.
    pub fn connection(&self) -> &C {
        &self.connection
    }
}

/// How a pool of connections is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    /// Which one, where a database has several.
    pub pool: &'static str,
    /// Connections at work.
    pub in_use: u32,
    /// Open connections that wait for work.
    pub idle: u32,
    /// Most connections at a time.
    pub max: u32,
}

/// What can run single statements and begin units of work.
#[async_trait]
pub trait SqlConnections: ConnectionTrait + Send + Sync {
    /// What a unit of work runs in.
    type Transaction: Transaction;

    /// Begins a transaction that may write.
    async fn begin_unit(&self) -> Result<Self::Transaction, DbErr>;

    /// Asks whether the database responds. It is called often, and writes nothing.
    async fn check(&self) -> Result<(), DbErr>;

    /// Writes a row that means nothing, which needs new room in the table, and waits until it would last. At most one
    /// such row is left behind, until the next time. Fails when other writes would.
    async fn try_write(&self) -> Result<(), DbErr>;
}

/// A transaction. Dropping it rolls it back.
#[async_trait]
pub trait Transaction: ConnectionTrait + Send + Sync + 'static {
    /// Takes the lock with this number until the transaction ends, or returns `false` while another has it. This
    /// implementation is for databases where one transaction at a time can write: being in one is having every lock.
    async fn try_lock(&self, _number: i64) -> Result<bool, DbErr> {
        Ok(true)
    }

    /// Makes its writes last.
    async fn commit(self) -> Result<(), DbErr>;
}
