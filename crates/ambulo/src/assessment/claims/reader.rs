//! From a sentence to its claims.

use crate::Side;

use super::super::aspects::Aspect;
use super::lexicon::{Meaning, PATTERNS, Topic};
use super::{Claim, Direction};

/// Words between a negation and what it denies.
const NEGATION_REACH: usize = 4;

/// Something known in a clause.
#[derive(Debug, Clone)]
struct Found {
    /// Its first word in the sentence.
    place: usize,
    meaning: Meaning,
    words: String,
}

/// A clause: what is known in it, and whether it goes on with the one before.
#[derive(Debug, Clone, Default)]
struct Clause {
    found: Vec<Found>,
    goes_on: bool,
}

/// What is said of a topic before its side is known.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Said {
    quality: Quality,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quality {
    Size,
    Asymmetry,
    Variability,
}

/// The claims of one sentence, in its order.
pub fn claims_of(sentence: &str) -> Vec<Claim> {
    let clauses = clauses(sentence);
    let mut claims = Vec::new();
    // What was said last of a topic behind it, to go on with: "reduced speed and cadence".
    let mut before: Option<Said> = None;
    let mut last_topic: Option<&Found> = None;
    for (index, clause) in clauses.iter().enumerate() {
        let topics: Vec<&Found> = topics(clause).collect();
        let mut said_here = None;
        for topic in &topics {
            let own = said_of(clause, topic, topics.len() == 1);
            // "Speed and cadence are reduced" says it of both.
            let ahead = || {
                let mut later = clauses[index + 1..].iter().take_while(|it| it.goes_on);
                let next = later.find_map(|next| {
                    let first = self::topics(next).next()?;
                    let said = said_of(next, first, true)?;
                    let behind = next
                        .found
                        .iter()
                        .any(|it| it.place > first.place && matches!(it.meaning, Meaning::Said(_)));
                    behind.then_some(said)
                })?;
                Some(next)
            };
            let said = own
                .or_else(|| before.filter(|_| clause.goes_on && index > 0))
                .or_else(ahead);
            said_here = said_here.or(own);
            let Some(said) = said else { continue };
            claims.extend(claim(topic, said, side_of(clause)));
        }
        for found in &clause.found {
            if let Meaning::Whole(topic, direction) = found.meaning {
                let direction = negated(clause, found, direction);
                let said = Said {
                    quality: Quality::Size,
                    direction,
                };
                let found = Found {
                    meaning: Meaning::Topic(topic),
                    ..found.clone()
                };
                claims.extend(claim(&found, said, None));
            }
        }
        // "Reduced arm swing, with marked asymmetry": said of what was spoken of last.
        let waits = |next: &Clause| {
            let first = self::topics(next).next();
            first.is_some_and(|first| said_of(next, first, true).is_none())
        };
        if topics.is_empty()
            && let (Some(said), Some(topic)) = (lone(clause), last_topic)
            && !clauses.get(index + 1).is_some_and(waits)
        {
            claims.extend(claim(topic, said, None));
        }
        last_topic = topics.last().copied().or(last_topic);
        // Said before its topic, it goes on; said behind, the next clause speaks for itself.
        before = match (said_here, topics.first()) {
            (Some(said), Some(topic)) => {
                let ahead = clause.found.iter().any(|it| {
                    it.place < topic.place
                        && matches!(
                            it.meaning,
                            Meaning::Said(_) | Meaning::Asymmetry(_) | Meaning::Variability(_)
                        )
                });
                ahead.then_some(said)
            }
            (None, None) => before.or_else(|| lone(clause)),
            _ => before,
        };
    }
    claims
}

/// What a clause without a topic says: "slow" in "slow and short steps".
fn lone(clause: &Clause) -> Option<Said> {
    clause.found.iter().find_map(|found| match found.meaning {
        Meaning::Asymmetry(direction) => Some(Said {
            quality: Quality::Asymmetry,
            direction: negated(clause, found, direction.unwrap_or(Direction::High)),
        }),
        Meaning::Variability(direction) => Some(Said {
            quality: Quality::Variability,
            direction: negated(clause, found, direction.unwrap_or(Direction::High)),
        }),
        _ => None,
    })
}

fn topics(clause: &Clause) -> impl Iterator<Item = &Found> {
    let found = clause.found.iter();
    found.filter(|it| matches!(it.meaning, Meaning::Topic(_)))
}

/// What the clause says of a topic.
fn said_of(clause: &Clause, topic: &Found, is_alone: bool) -> Option<Said> {
    let nearest = |is: &dyn Fn(&Meaning) -> bool| {
        let found = clause.found.iter().filter(|it| is(&it.meaning));
        found.min_by_key(|it| it.place.abs_diff(topic.place))
    };
    let quality = nearest(&|it| matches!(it, Meaning::Asymmetry(_) | Meaning::Variability(_)));
    let quality = quality.filter(|it| is_alone || it.place.abs_diff(topic.place) <= 4);
    let word = nearest(&|it| matches!(it, Meaning::Said(_)));
    let of_word = word.and_then(|it| match it.meaning {
        Meaning::Said(direction) => Some(negated(clause, it, direction)),
        _ => None,
    });
    match quality.map(|it| (it, it.meaning)) {
        Some((found, Meaning::Asymmetry(own))) => Some(Said {
            quality: Quality::Asymmetry,
            direction: of_quality(clause, found, own, of_word),
        }),
        Some((found, Meaning::Variability(own))) => Some(Said {
            quality: Quality::Variability,
            direction: of_quality(clause, found, own, of_word),
        }),
        _ => of_word.map(|direction| Said {
            quality: match topic.meaning {
                Meaning::Topic(Topic::Rhythm) => Quality::Variability,
                _ => Quality::Size,
            },
            direction,
        }),
    }
}

/// "Asymmetric" says it itself; of "asymmetry" something may be said, else that it is there is the claim.
fn of_quality(
    clause: &Clause,
    found: &Found,
    own: Option<Direction>,
    of_word: Option<Direction>,
) -> Direction {
    match (own, of_word) {
        (Some(own), _) => negated(clause, found, own),
        (None, Some(said)) if !is_negated(clause, found) => said,
        (None, _) => negated(clause, found, Direction::High),
    }
}

fn is_negated(clause: &Clause, found: &Found) -> bool {
    clause.found.iter().any(|it| {
        it.meaning == Meaning::Not
            && it.place < found.place
            && found.place - it.place <= NEGATION_REACH
    })
}

fn negated(clause: &Clause, found: &Found, direction: Direction) -> Direction {
    if !is_negated(clause, found) {
        return direction;
    }
    match direction {
        Direction::Usual => Direction::Unusual,
        Direction::Low | Direction::High | Direction::Unusual => Direction::Usual,
    }
}

/// The side that a clause names, if it names one alone.
fn side_of(clause: &Clause) -> Option<Side> {
    let mut sides = clause.found.iter().filter_map(|it| match it.meaning {
        Meaning::Side(side) => Some(side),
        _ => None,
    });
    let first = sides.next()??;
    sides.all(|side| side == Some(first)).then_some(first)
}

fn claim(topic: &Found, said: Said, side: Option<Side>) -> Option<Claim> {
    let Meaning::Topic(about) = topic.meaning else {
        return None;
    };
    let is_steps = matches!(about, Topic::Measured(Aspect::StepLength));
    let is_time = matches!(
        about,
        Topic::StepTime | Topic::Rhythm | Topic::Measured(Aspect::Cadence)
    );
    let is_arms = matches!(about, Topic::Measured(Aspect::ArmSwing));
    let mut direction = said.direction;
    let aspect = match said.quality {
        Quality::Asymmetry if is_steps => Some(Aspect::StepLengthAsymmetry),
        Quality::Asymmetry if is_time => Some(Aspect::StepTimeAsymmetry),
        Quality::Asymmetry if is_arms => Some(Aspect::ArmSwingAsymmetry),
        Quality::Variability if is_steps => Some(Aspect::StepLengthVariability),
        Quality::Variability if is_time => Some(Aspect::StepTimeVariability),
        Quality::Asymmetry | Quality::Variability => None,
        Quality::Size => match about {
            Topic::Measured(aspect) => Some(aspect),
            Topic::StepTime => {
                // Long steps in time are few of them.
                direction = match direction {
                    Direction::Low => Direction::High,
                    Direction::High => Direction::Low,
                    same => same,
                };
                Some(Aspect::Cadence)
            }
            Topic::Rhythm | Topic::NotMeasured => None,
        },
    };
    let side = side.filter(|_| aspect.is_none_or(Aspect::is_sided));
    Some(Claim {
        aspect,
        topic: topic.words.clone(),
        side,
        direction,
    })
}

/// Splits a sentence into clauses and finds what is known in each.
fn clauses(sentence: &str) -> Vec<Clause> {
    let mut words = words(sentence);
    let mut sides: Vec<Found> = Vec::new();
    let mut clauses = vec![Clause::default()];
    // Sides stand in the middle of other patterns: they are taken out first, with their places kept.
    let mut kept: Vec<(usize, String)> = Vec::new();
    for (place, word) in words.drain(..).enumerate() {
        let side = PATTERNS.iter().find(|(pattern, _)| *pattern == word);
        match side {
            Some((_, meaning @ Meaning::Side(_))) => sides.push(Found {
                place,
                meaning: *meaning,
                words: word,
            }),
            _ => kept.push((place, word)),
        }
    }
    let mut at = 0;
    while at < kept.len() {
        let longest = PATTERNS
            .iter()
            .filter(|(pattern, _)| pattern.starts_with(kept[at].1.as_str()))
            .filter_map(|(pattern, meaning)| {
                let count = pattern.split(' ').count();
                let here = kept.get(at..at + count)?;
                let is_here = pattern.split(' ').zip(here).all(|(a, (_, b))| a == b);
                is_here.then_some((count, pattern, meaning))
            })
            .max_by_key(|(count, ..)| *count);
        let Some((count, pattern, meaning)) = longest else {
            at += 1;
            continue;
        };
        let place = kept[at].0;
        at += count;
        match *meaning {
            Meaning::Nothing => {}
            Meaning::Break(goes_on) => clauses.push(Clause {
                found: Vec::new(),
                goes_on,
            }),
            meaning => {
                if let Some(clause) = clauses.last_mut() {
                    clause.found.push(Found {
                        place,
                        meaning,
                        words: (*pattern).to_owned(),
                    });
                }
            }
        }
    }
    // A clause without anything known says nothing and separates nothing but what is behind it.
    let mut whole: Vec<Clause> = Vec::new();
    let mut goes_on = true;
    for clause in clauses {
        goes_on = goes_on && clause.goes_on;
        if clause.found.is_empty() {
            continue;
        }
        let clause = Clause { goes_on, ..clause };
        whole.push(clause);
        goes_on = true;
    }
    for side in sides {
        // The clause whose words lie around the side, or the nearest one.
        let nearest = whole.iter_mut().min_by_key(|clause| {
            let first = clause.found.iter().map(|it| it.place).min().unwrap_or(0);
            let last = clause.found.iter().map(|it| it.place).max().unwrap_or(0);
            if (first..=last).contains(&side.place) {
                0
            } else {
                side.place.abs_diff(first).min(side.place.abs_diff(last))
            }
        });
        if let Some(clause) = nearest {
            clause.found.push(side);
        }
    }
    for clause in &mut whole {
        clause.found.sort_by_key(|it| it.place);
    }
    whole
}

/// Words in small letters, and marks that part clauses.
fn words(sentence: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in sentence.chars() {
        if letter.is_alphanumeric() || letter == '\'' {
            word.extend(letter.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if matches!(letter, ',' | ';' | ':' | '(' | ')') {
            words.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
