use domain::sessions::RevocationFeed;

use super::Sessions;
use crate::revocations::MAX_OVERLAP;
use crate::{ApplicationError, FeedStatus};

impl Sessions {
    /// Brings this node's knowledge of revocations up to date. Call it once a second, and whenever the feed changed.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]. What was known stays known, until it is older than
    /// [`MAX_FEED_AGE`](crate::MAX_FEED_AGE).
    pub async fn follow_revocations(&self, feed: &mut dyn RevocationFeed) -> Result<(), ApplicationError> {
        // Taken before the poll: what is committed from here on may be missing from the result.
        let now = self.clock.now();
        let revoked = feed.poll(now).await?;
        let revocations = &self.journal.revocations;
        if revocations.status(now).age.is_some_and(|age| age < -MAX_OVERLAP) {
            tracing::warn!("the clock was set back: the database is asked for each request until it has caught up");
        }
        revocations.absorb(revoked, now);
        Ok(())
    }

    /// How the feed is doing.
    pub fn feed_status(&self) -> FeedStatus {
        self.journal.revocations.status(self.clock.now())
    }
}
