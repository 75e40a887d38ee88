//! Instructions, made by a small grammar: who asks, what is to be done, with what, and where the motion stands.

use ambulo::synth::SeededRng;
use ambulo_nn::reasoner::MOTION_PLACE;

/// Instructions for reasoning.
pub const TEMPLATES: usize = 200;
/// Those of them that training never sees.
pub const HELD_OUT: usize = 20;
/// Instructions of each direction of the generative stage.
const DIRECTION: usize = 24;
/// Never changed: it decides which instructions there are and which are held out.
const SEED: u64 = 200_020;

const WHO: [&str; 6] = [
    "",
    "You look at how people walk.",
    "You work in a gait laboratory.",
    "This is a question about walking.",
    "Here is a recorded walk.",
    "Read the motion with care.",
];
const DO: [&str; 8] = [
    "Assess", "Rate", "Judge", "Examine", "Study", "Look at", "Consider", "Appraise",
];
const WHAT: [&str; 8] = [
    "this gait",
    "this walk",
    "the walking pattern",
    "the motion",
    "the way this person walks",
    "the recorded walk",
    "the gait that is shown",
    "the steps and arms of this walk",
];
const ASK: [&str; 10] = [
    "and give the gait score with its reasons",
    "and explain it before you score it",
    "and write down what you see, then the score",
    "and say which score it has and why",
    "and speak of feet, arms and the whole, then give the score",
    "and reason first and score last",
    "and find the score from 0 to 3 with an explanation",
    "and put the reasons before the score",
    "and describe it, then decide on a score",
    "and tell what stands out and how it is scored",
];
const TELL: [&str; 6] = [
    "Describe the feet and arms of this walk",
    "Write what the feet and arms do",
    "Tell how feet and arms move here",
    "Put this walk into words",
    "Say what is seen of feet and arms",
    "Write about the steps and the arms",
];
const SHOW: [&str; 6] = [
    "Show a walk that fits these words",
    "Make the motion that is described",
    "Walk as the text says",
    "Give the motion of this description",
    "Turn these words into a walk",
    "Write the motion for this text",
];
const AROUND: [&str; 4] = ["{A}: {M}", "{M} {A}.", "{W} {A}: {M}", "{W} {M} {A}."];

/// All instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    /// For reasoning, in training.
    pub reasoning: Vec<String>,
    /// For reasoning, never in training.
    pub held_out: Vec<String>,
    /// From a motion to its description.
    pub describing: Vec<String>,
    /// From a description to a motion.
    pub showing: Vec<String>,
}

impl Templates {
    /// The instructions, always the same. Every one holds [`MOTION_PLACE`] once.
    pub fn new() -> Self {
        let mut rng = SeededRng::new(SEED);
        let tasks = DO.iter().flat_map(|verb| {
            WHAT.iter()
                .flat_map(move |what| ASK.iter().map(move |ask| format!("{verb} {what} {ask}")))
        });
        let mut reasoning = chosen(&tasks.collect::<Vec<_>>(), TEMPLATES, &mut rng);
        let plain =
            |tasks: &[&str]| -> Vec<String> { tasks.iter().map(|&task| task.to_owned()).collect() };
        let describing = chosen(&plain(&TELL), DIRECTION, &mut rng);
        let showing = chosen(&plain(&SHOW), DIRECTION, &mut rng);
        let held_out = reasoning.split_off(TEMPLATES - HELD_OUT);
        Self {
            reasoning,
            held_out,
            describing,
            showing,
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let own = [
            &self.reasoning,
            &self.held_out,
            &self.describing,
            &self.showing,
        ];
        own.into_iter().flatten().map(String::as_str)
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

/// So many different instructions for these tasks.
fn chosen(tasks: &[String], count: usize, rng: &mut SeededRng) -> Vec<String> {
    let mut found: Vec<String> = Vec::with_capacity(count);
    while found.len() < count {
        let task = &tasks[rng.below(tasks.len())];
        let frame = AROUND[rng.below(AROUND.len())];
        let who = WHO[1 + rng.below(WHO.len() - 1)];
        let text = frame
            .replace("{A}", task)
            .replace("{W}", who)
            .replace("{M}", MOTION_PLACE);
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_200_different_instructions_of_which_20_are_held_out() {
        let templates = Templates::new();
        assert_eq!(templates, Templates::new());
        assert_eq!(templates.reasoning.len(), TEMPLATES - HELD_OUT);
        assert_eq!(templates.held_out.len(), HELD_OUT);
        let mut all: Vec<&str> = templates.all().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for text in all {
            assert_eq!(text.matches(MOTION_PLACE).count(), 1, "{text}");
            let rest = text.replace(MOTION_PLACE, "");
            assert!(!rest.contains(['<', '{', '}', '\n']), "{text}");
        }
    }
}
