use std::sync::Arc;

use async_trait::async_trait;
use domain::passwords::{OwnWords, Password, Score, Strength, StrengthMeter};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// Longest part of a password that is judged, in characters. zxcvbn looks at no more.
const MAX_CHARACTERS: usize = 100;

/// The digits and symbols that zxcvbn reads as `a`, `c`, `g`, `i`, `l`, `s` and `t`. It tries each for each, on every
/// part of the password: up to 576 combinations, which take two seconds.
const READ_AS: [&str; 7] = ["4@", "([{<", "69", "1!|", "1|7", "$5", "+7"];

/// Most such combinations in a piece of a password. A password with more is judged in pieces.
const MAX_COMBINATIONS: usize = 16;

/// What is said of a password that could be better, where zxcvbn says nothing.
const MORE_WORDS: &str = "Add another word or two. Uncommon words are better.";

/// Judges passwords by zxcvbn (Wheeler, USENIX Security 2016): it looks for words, names, dates, rows of keys and other
/// patterns, and counts the guesses of somebody who tries these first.
///
/// Of a long password only the beginning is judged, and one of many different digits and symbols is as strong as its
/// strongest piece, so that the work is bounded: it is about that of a hash at most.
pub struct ZxcvbnMeter {
    turns: Arc<Semaphore>,
}

impl ZxcvbnMeter {
    /// A meter that judges so many passwords at a time. Others wait for their turn.
    pub fn new(at_a_time: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_a_time)) }
    }
}

#[async_trait]
impl StrengthMeter for ZxcvbnMeter {
    async fn measure(&self, password: &Password, words: &OwnWords) -> Strength {
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else { return Strength::default() };
        let (password, words) = (password.clone(), words.clone());
        let measuring = spawn_blocking(move || {
            let strength = measure(&password, &words);
            // Not before, also if the caller has gone away.
            drop(turn);
            strength
        });
        // After a panic, which nothing is known to cause, the password is as weak as can be.
        measuring.await.unwrap_or_default()
    }
}

fn measure(password: &Password, words: &OwnWords) -> Strength {
    let text = std::str::from_utf8(password.expose()).unwrap_or_default();
    let words: Vec<&str> = words.iter().collect();
    let strengths = pieces(text).into_iter().map(|piece| strength(&piece, &words));
    strengths.max_by_key(|strength| strength.score).unwrap_or_default()
}

fn strength(piece: &str, words: &[&str]) -> Strength {
    let found = zxcvbn(piece, words);
    let score = Score::new(found.score().into());
    let mut advice = Vec::new();
    if let Some(feedback) = found.feedback() {
        advice.extend(feedback.warning().map(|warning| warning.to_string()));
        advice.extend(feedback.suggestions().iter().map(ToString::to_string));
    }
    if advice.is_empty() && score < Score::MAX {
        advice.push(MORE_WORDS.to_owned());
    }
    Strength { score, advice }
}

/// What of the password is judged: mostly one piece.
fn pieces(text: &str) -> Vec<Zeroizing<String>> {
    let mut pieces = Vec::new();
    let mut piece = new_piece();
    for character in text.chars().take(MAX_CHARACTERS) {
        piece.push(character);
        if combinations(&piece) > MAX_COMBINATIONS {
            piece.pop();
            pieces.push(std::mem::replace(&mut piece, new_piece()));
            piece.push(character);
        }
    }
    pieces.push(piece);
    pieces
}

/// With room for the longest, so that no half-written copy is left behind unwiped.
fn new_piece() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(MAX_CHARACTERS * 4))
}

/// In how many ways zxcvbn reads digits and symbols as letters.
fn combinations(piece: &str) -> usize {
    let choices = |characters: &str| characters.chars().filter(|character| piece.contains(*character)).count().max(1);
    READ_AS.into_iter().map(choices).product()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use domain::users::{Email, Profile};

    use super::*;

    async fn measured(text: &str) -> Strength {
        let ada = OwnWords::of(Some(&Email::parse("countess.lovelace@example.com").unwrap()), &Profile::default());
        ZxcvbnMeter::new(1).measure(&Password::parse(text).unwrap(), &ada.and("Hexauth")).await
    }

    #[tokio::test]
    async fn common_passwords_rows_and_repeats_are_weak_and_four_words_are_strong() {
        for text in ["123456789", "password1", "qwertyuiop", "aaaaaaaaaaaaaaaa", "P4$$w0rd", "20260314"] {
            let strength = measured(text).await;
            assert!(strength.score < Score::new(2), "{text}: {strength:?}");
            assert!(strength.advice.iter().all(|sentence| sentence.ends_with('.')) && !strength.advice.is_empty());
        }
        let strong = Strength { score: Score::MAX, advice: vec![] };
        assert_eq!(measured("correct horse battery staple").await, strong);
        assert_eq!(measured("paßwörter sind schön lang").await, strong);
    }

    #[tokio::test]
    async fn ones_own_words_and_the_name_of_the_service_are_guessed_first() {
        let stranger = ZxcvbnMeter::new(1);
        for text in ["lovelacehexauth", "hexauthcountess", "countess.lovelace1"] {
            let password = Password::parse(text).unwrap();
            let of_stranger = stranger.measure(&password, &OwnWords::default()).await.score;
            assert!(measured(text).await.score < of_stranger.min(Score::new(3)), "{text} {of_stranger:?}");
        }
    }

    #[tokio::test]
    async fn what_could_be_better_comes_with_advice() {
        let strength = measured("correct horse").await;
        assert_eq!((strength.score, strength.advice), (Score::new(3), vec![MORE_WORDS.to_owned()]));
    }

    #[test]
    fn a_long_password_is_judged_by_its_beginning_and_many_symbols_in_pieces() {
        let judged = |text: &str| pieces(text).iter().map(|piece| piece.to_string()).collect::<Vec<_>>();
        assert_eq!(judged(&"é".repeat(1000)), ["é".repeat(100)]);
        let usual = "C0rrect-h0r$e-b4ttery-5taple, and 1 more!";
        assert_eq!(judged(usual), [usual]);
        assert_eq!(judged("4@8({[<369!1|70$5+7%2"), ["4@8({[<369!", "1|70$5", "+7%2"]);
        assert_eq!(judged("1|7!4@-correct"), ["1|7!4", "@-correct"]);
    }

    #[tokio::test]
    async fn a_password_is_as_strong_as_its_strongest_piece() {
        assert_eq!(measured("1|7!4@-correct-horse-battery").await.score, Score::MAX);
    }

    /// As slow as it gets: all that can be read as letters, again and again, up to the longest password.
    #[tokio::test]
    async fn no_password_takes_long_to_judge() {
        let digits_and_symbols = "4@8({[<369!1|70$5+7%2";
        let slow = ["4@({[<$5abcdefgz", "6914!|7$5+", "1|7!4@69abil", "1|!7lit", digits_and_symbols, "a", "1", "ab"];
        for text in slow.map(|text| text.chars().cycle().take(256).collect::<String>()) {
            let begin = Instant::now();
            measured(&text).await;
            // In pieces it is some 30 ms at most. Wide, so that a busy machine does not fail it: it would be seconds.
            assert!(begin.elapsed() < Duration::from_millis(500), "{:?} {text}", begin.elapsed());
        }
    }

    /// On one thread: the first look at the result finds none, since nothing was computed here.
    #[tokio::test]
    async fn it_is_computed_off_the_thread_of_the_caller() {
        let (meter, password) = (ZxcvbnMeter::new(1), Password::parse(&"1|!7lit".repeat(14)).unwrap());
        let words = OwnWords::default();
        assert!(tokio::time::timeout(Duration::ZERO, meter.measure(&password, &words)).await.is_err());
    }

    #[tokio::test]
    async fn a_caller_that_leaves_takes_no_turn_from_others() {
        let meter = ZxcvbnMeter::new(1);
        let (password, words) = (Password::parse("correct horse battery staple").unwrap(), OwnWords::default());
        for _ in 0..20 {
            drop(tokio::time::timeout(Duration::ZERO, meter.measure(&password, &words)).await);
        }
        assert_eq!(meter.measure(&password, &words).await.score, Score::MAX);
    }
}
