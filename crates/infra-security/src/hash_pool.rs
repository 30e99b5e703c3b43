use std::sync::Arc;
use std::thread;

use argon2::Params;
use domain::passwords::{HashError, HashPlace, PasswordHasher};

use crate::hash_place::Argon2Place;
use crate::hash_queue::{HashLoad, HashQueue};
use crate::{Argon2Settings, InvalidArgon2Settings, hash_worker};

const OUTPUT_BYTES: usize = 32;

/// Hashes passwords on a fixed number of threads, each with its own memory, behind a bounded queue.
///
/// There is a place for each thread, and for as many more callers as the settings allow to wait. When all are taken,
/// the next caller is refused at once with [`HashError::Overloaded`]. A password whose caller went away is not hashed.
/// The threads run at a lower priority than those that serve requests, where the system supports it. Dropping the pool
/// ends them.
///
/// ```
/// use domain::passwords::{Findings, HashPlace, Password, PasswordHasher, PasswordPolicy, Score, Verification};
/// use infra_security::{Argon2Pool, Argon2Settings};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Argon2Pool::new(Argon2Settings { threads: 1, ..Argon2Settings::default() })?;
/// let mut place = pool.reserve()?;
/// let policy = PasswordPolicy { min_strength: Score::new(0), ..PasswordPolicy::default() };
/// let chosen = policy.accept(Password::parse("correct horse battery staple")?, &Findings::default())?;
/// let hash = place.hash(&chosen).await?;
///
/// let right = Password::parse("correct horse battery staple")?;
/// assert_eq!(place.verify(&right, Some(hash.clone())).await?, Verification::Match { outdated: false });
/// let wrong = Password::parse("correct horse")?;
/// assert_eq!(place.verify(&wrong, Some(hash)).await?, Verification::Mismatch);
/// # Ok(())
/// # }
/// ```
pub struct Argon2Pool {
    settings: Argon2Settings,
    current: Params,
    queue: Arc<HashQueue>,
}

impl Argon2Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`InvalidArgon2Settings`] when a setting is out of its bounds or a thread cannot be started.
    pub fn new(settings: Argon2Settings) -> Result<Self, InvalidArgon2Settings> {
        settings.check()?;
        let current = current_params(&settings)?;
        let queue = Arc::new(HashQueue::new(settings.threads, settings.queue));
        // Made first, so that threads already started end when a later one does not start.
        let pool = Self { settings, current, queue };
        for number in 0..settings.threads {
            pool.start_thread(number).map_err(InvalidArgon2Settings::Spawn)?;
        }
        Ok(pool)
    }

    /// The load of the pool, for metrics.
    pub fn load(&self) -> HashLoad {
        self.queue.load()
    }

    fn start_thread(&self, number: usize) -> std::io::Result<()> {
        let (queue, blocks) = (Arc::clone(&self.queue), self.current.block_count());
        thread::Builder::new().name(format!("argon2-{number}")).spawn(move || hash_worker::work(&queue, blocks))?;
        Ok(())
    }
}

impl PasswordHasher for Argon2Pool {
    fn reserve(&self) -> Result<Box<dyn HashPlace>, HashError> {
        let permit = Arc::new(self.queue.reserve()?);
        let (settings, current, queue) = (self.settings, self.current.clone(), Arc::clone(&self.queue));
        Ok(Box::new(Argon2Place { settings, current, queue, permit }))
    }
}

impl Drop for Argon2Pool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The settings were checked, so Argon2 accepts them. If its bounds were narrower, the memory would be the setting to
/// change.
fn current_params(settings: &Argon2Settings) -> Result<Params, InvalidArgon2Settings> {
    let Argon2Settings { memory_kib, iterations, parallelism, max_memory_kib: max, .. } = *settings;
    Params::new(memory_kib, iterations, parallelism, Some(OUTPUT_BYTES))
        .map_err(|_| InvalidArgon2Settings::Memory { min: Params::MIN_M_COST, max })
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::time::{Duration, Instant};

    use tokio::task::JoinSet;

    use super::*;
    use crate::argon2_recipe::Argon2Recipe;
    use domain::passwords::{Findings, NewPassword, Password, PasswordHash, PasswordPolicy, Score, Verification};

    fn light() -> Argon2Settings {
        Argon2Settings { memory_kib: 64, iterations: 1, threads: 2, ..Argon2Settings::default() }
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn chosen(text: &str) -> NewPassword {
        let policy = PasswordPolicy { min_strength: Score::new(0), ..PasswordPolicy::default() };
        policy.accept(password(text), &Findings::default()).unwrap()
    }

    fn stored(text: &str) -> Option<PasswordHash> {
        Some(PasswordHash::parse(text).unwrap())
    }

    #[tokio::test]
    async fn verifies_what_it_hashed_and_nothing_else() {
        let pool = Argon2Pool::new(light()).unwrap();
        let hash = pool.reserve().unwrap().hash(&chosen("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let right = pool.reserve().unwrap().verify(&password("correct horse"), Some(hash.clone())).await.unwrap();
        assert_eq!(right, Verification::Match { outdated: false });
        let wrong = pool.reserve().unwrap().verify(&password("correct horsf"), Some(hash.clone())).await.unwrap();
        assert_eq!(wrong, Verification::Mismatch);
        assert_ne!(
            pool.reserve().unwrap().hash(&chosen("correct horse")).await.unwrap(),
            hash,
            "each has its own salt"
        );
    }

    #[tokio::test]
    async fn hashes_again_what_no_policy_would_take_any_more() {
        let pool = Argon2Pool::new(light()).unwrap();
        let hash = pool.reserve().unwrap().rehash(&password("short")).await.unwrap();
        let verified = pool.reserve().unwrap().verify(&password("short"), Some(hash)).await.unwrap();
        assert_eq!(verified, Verification::Match { outdated: false });
    }

    #[tokio::test]
    async fn answers_a_mismatch_for_an_unknown_user() {
        let pool = Argon2Pool::new(light()).unwrap();
        assert_eq!(
            pool.reserve().unwrap().verify(&password("correct horse"), None).await.unwrap(),
            Verification::Mismatch
        );
    }

    #[tokio::test]
    async fn an_unknown_user_takes_as_long_as_a_known_one() {
        let settings = Argon2Settings { memory_kib: 8192, iterations: 4, threads: 1, ..Argon2Settings::default() };
        let pool = Argon2Pool::new(settings).unwrap();
        let hash = pool.reserve().unwrap().hash(&chosen("correct horse")).await.unwrap();
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            let begun = Instant::now();
            pool.reserve().unwrap().verify(&password("wrong horse"), Some(hash.clone())).await.unwrap();
            known = known.min(begun.elapsed());
            let begun = Instant::now();
            pool.reserve().unwrap().verify(&password("wrong horse"), None).await.unwrap();
            unknown = unknown.min(begun.elapsed());
        }
        // Wide, so that a busy machine does not fail it: without the work it would be a thousandth.
        assert!(unknown * 4 > known, "{known:?} and {unknown:?}");
    }

    #[tokio::test]
    async fn says_when_a_hash_is_outdated() {
        let pool = Argon2Pool::new(light()).unwrap();
        let changes: [fn(&mut Argon2Settings); 5] = [
            |it| it.memory_kib = 128,
            |it| it.memory_kib = 32,
            |it| it.iterations = 2,
            |it| it.parallelism = 2,
            |it| it.threads = 1,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut settings = light();
            change(&mut settings);
            let hash =
                Argon2Pool::new(settings).unwrap().reserve().unwrap().hash(&chosen("correct horse")).await.unwrap();
            let verified = pool.reserve().unwrap().verify(&password("correct horse"), Some(hash)).await.unwrap();
            assert_eq!(verified, Verification::Match { outdated: index < 4 }, "{settings:?}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_length_is_outdated() {
        let pool = Argon2Pool::new(light()).unwrap();
        let recipe = Argon2Recipe { params: Params::new(64, 1, 1, Some(24)).unwrap(), salt: vec![7; 48] };
        let output = recipe.compute(b"correct horse", &mut []).unwrap();
        let verified =
            pool.reserve().unwrap().verify(&password("correct horse"), Some(recipe.write(&output))).await.unwrap();
        assert_eq!(verified, Verification::Match { outdated: true });
    }

    #[tokio::test]
    async fn verifies_a_hash_of_the_reference_implementation() {
        let pool = Argon2Pool::new(Argon2Settings { threads: 1, ..Argon2Settings::default() }).unwrap();
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let right = pool.reserve().unwrap().verify(&password("password"), stored(hash)).await.unwrap();
        assert_eq!(right, Verification::Match { outdated: true });
        assert_eq!(
            pool.reserve().unwrap().verify(&password("Password"), stored(hash)).await.unwrap(),
            Verification::Mismatch
        );
    }

    #[tokio::test]
    async fn refuses_a_hash_over_the_cap_without_computing_it() {
        let pool = Argon2Pool::new(light()).unwrap();
        let begun = Instant::now();
        for params in ["m=4294967295,t=4294967295,p=1", "m=64,t=4294967295,p=1"] {
            let hash = format!("$argon2id$v=19${params}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
            let refused = pool.reserve().unwrap().verify(&password("password"), stored(&hash)).await;
            assert!(matches!(refused, Err(HashError::Unusable(_))));
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test]
    async fn refuses_garbage() {
        let pool = Argon2Pool::new(light()).unwrap();
        for text in ["$", "$garbage", "$argon2id$v=19$m=64,t=1,p=1$$"] {
            let refused = pool.reserve().unwrap().verify(&password("password"), stored(text)).await;
            assert!(matches!(refused, Err(HashError::Unusable(_))), "{text}");
        }
    }

    #[tokio::test]
    async fn refuses_at_once_when_the_queue_is_full() {
        let settings = Argon2Settings { threads: 1, queue: 1, iterations: 4, ..Argon2Settings::default() };
        let pool = Arc::new(Argon2Pool::new(settings).unwrap());
        let mut callers = JoinSet::new();
        for _ in 0..20 {
            let pool = Arc::clone(&pool);
            callers.spawn(async move { pool.reserve()?.verify(&password("correct horse"), None).await });
        }
        let answers = callers.join_all().await;
        let overloaded = answers.iter().filter(|it| matches!(it, Err(HashError::Overloaded))).count();
        let answered = answers.iter().filter(|it| matches!(it, Ok(Verification::Mismatch))).count();
        assert!(overloaded >= 1 && answered >= 2, "{overloaded} overloaded, {answered} answered");
        assert_eq!(overloaded + answered, 20);
        assert!(
            pool.reserve().unwrap().verify(&password("correct horse"), None).await.is_ok(),
            "it works again afterwards"
        );
    }

    #[tokio::test]
    async fn a_place_that_is_dropped_can_be_taken_again() {
        let pool = Argon2Pool::new(Argon2Settings { threads: 1, queue: 1, ..light() }).unwrap();
        for _ in 0..3 {
            let mut places = [pool.reserve().unwrap(), pool.reserve().unwrap()];
            assert!(matches!(pool.reserve(), Err(HashError::Overloaded)));
            places[0].hash(&chosen("correct horse")).await.unwrap();
            assert!(matches!(pool.reserve(), Err(HashError::Overloaded)), "what comes after hashing belongs to it");
        }
        assert_eq!(pool.load().rejected, 6);
    }

    #[tokio::test]
    async fn a_place_that_outlives_the_pool_is_of_no_use() {
        let pool = Argon2Pool::new(light()).unwrap();
        let mut place = pool.reserve().unwrap();
        drop(pool);
        assert!(matches!(place.hash(&chosen("correct horse")).await, Err(HashError::Overloaded)));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_harms_nobody() {
        let settings = Argon2Settings { threads: 1, queue: 1, ..light() };
        let pool = Argon2Pool::new(settings).unwrap();
        for _ in 0..100 {
            let verifying = async { pool.reserve()?.verify(&password("correct horse"), None).await };
            drop(tokio::time::timeout(Duration::ZERO, verifying).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(pool.reserve().unwrap().hash(&chosen("correct horse")).await.is_ok());
    }

    #[tokio::test]
    async fn dropping_the_pool_ends_its_threads() {
        let pool = Argon2Pool::new(light()).unwrap();
        pool.reserve().unwrap().hash(&chosen("correct horse")).await.unwrap();
        let queue: Weak<HashQueue> = Arc::downgrade(&pool.queue);
        drop(pool);
        for _ in 0..500 {
            if queue.strong_count() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the threads still hold the queue");
    }

    #[test]
    fn refuses_invalid_settings() {
        assert!(Argon2Pool::new(Argon2Settings { threads: 0, ..light() }).is_err());
    }
}
