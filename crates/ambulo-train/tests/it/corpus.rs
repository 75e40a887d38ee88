//! Motions as features, split by person.

use std::collections::{BTreeMap, BTreeSet};

use ambulo_nn::codec::motion::{Facing, RATE_HZ};
use ambulo_train::corpus::{Clip, Corpus, CorpusConfig, Origin};
use ambulo_train::motion::{People, Role};

#[test]
fn nobody_is_in_two_parts_and_all_walks_have_features() {
    let Some(data) = ambulo_testkit::data_dir() else {
        return;
    };
    let corpus = Corpus::open(&data).unwrap();
    let config = CorpusConfig {
        walks: 1,
        ..CorpusConfig::default()
    };
    let people = People::built_in().unwrap();
    let mut parts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, role) in [
        ("train", Role::Train),
        ("tune", Role::Tune),
        ("test", Role::Test),
    ] {
        let simulated: Vec<Clip> = corpus
            .simulated(&config, &[role])
            .map(Result::unwrap)
            .collect();
        let recorded: Vec<Clip> = corpus
            .recorded(Facing::Upstream, &[role])
            .map(Result::unwrap)
            .collect();
        assert!(!simulated.is_empty() && !recorded.is_empty(), "{name}");
        for clip in simulated.iter().chain(&recorded) {
            assert_eq!((clip.role, people.role(&clip.person)), (role, role));
            parts.entry(clip.person.clone()).or_default().insert(name);
            let span_s = clip.motion.time().times_s().last().unwrap();
            let missing_s = span_s - clip.features.frames() as f64 / RATE_HZ;
            assert!(
                (-1e-9..0.5).contains(&missing_s),
                "{:?} of {}: {missing_s} s are missing",
                clip.origin,
                clip.person
            );
        }
        let mut scores: Vec<Option<u8>> = simulated.iter().map(|clip| clip.score).collect();
        scores.sort_unstable();
        scores.dedup();
        assert_eq!(scores, [0, 1, 2, 3].map(Some), "{name}");
        assert!(recorded.iter().all(|clip| clip.score.is_none()));
    }
    assert!(parts.values().all(|parts| parts.len() == 1), "{parts:?}");
    assert!(parts.len() >= 20);
}

#[test]
fn the_same_walk_comes_again_and_a_mirror_exchanges_the_sides() {
    let Some(data) = ambulo_testkit::data_dir() else {
        return;
    };
    let corpus = Corpus::open(&data).unwrap();
    let config = CorpusConfig::default();
    let first = || {
        let mut clips = corpus.simulated(&config, &[Role::Tune]);
        clips.next().unwrap().unwrap()
    };
    let clip = first();
    assert_eq!(clip, first());
    assert_eq!(clip.origin, Origin::Simulated(0));
    // Contacts of the left foot are those of the right one in the mirror.
    let mirrored = clip.mirrored(Facing::Upstream).unwrap();
    assert_eq!(mirrored.features.frames(), clip.features.frames());
    let mut same = 0;
    for frame in 0..clip.features.frames() {
        let (own, other) = (clip.features.row(frame), mirrored.features.row(frame));
        let [left, right] = [&own[259..261], &own[261..263]];
        same += usize::from([left, right] == [&other[261..263], &other[259..261]]);
    }
    assert!(same * 100 >= 98 * clip.features.frames(), "{same} frames");
}
