//! Films of real walks, from file to analysis, with the network that comes along.

use ambulo::Side;
use ambulo::events::{EventKind, GaitEvent};
use ambulo::parameters::ParameterId;
use ambulo::quality::Grade;
use ambulo_io::video::DecoderChoice;
use ambulo_pipeline::analyze;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::pose2d::{VideoInput, keypoints_of, shipped, trial_of};
use ambulo_testkit::data_dir;

/// Frames of the initial contacts in which the walker's whole body is seen, as an observer steps through the clip:
/// the right foot is the first.
const CONTACTS: [usize; 7] = [61, 79, 98, 116, 134, 152, 172];

/// Somebody walks across the picture from right to left in front of a wall; another person stands and moves in the
/// background.
#[test]
fn a_walk_across_a_film_is_measured_with_all_its_contacts() {
    let Some(folder) = data_dir() else { return };
    let path = folder.join("video/sports2d/demo_h264.mp4");
    let mut config = Config::default();
    config.video.decoder = DecoderChoice::Builtin;
    config.subject.height_m = Some(1.65);
    let Some(mut network) = shipped().expect("weights that come along are whole") else {
        return;
    };
    let video = VideoInput {
        path: &path,
        boxes: None,
    };
    let filmed = keypoints_of(video, &mut network, &config, &mut |_, _| {}).expect("a walker");
    let walker = &filmed.people[filmed.chosen];
    assert!(
        walker.from_to_px[0][0] > 1400.0 && walker.from_to_px[1][0] < 200.0,
        "{walker:?}"
    );
    let loaded = trial_of(&path, &filmed, &config).expect("a trial");
    let analysed = analyze(&loaded, &config, &mut |_| {}).analysis;
    assert_ne!(
        analysed.quality.grade,
        Grade::Reject,
        "{:?}",
        analysed.quality
    );
    let contacts: Vec<&GaitEvent> = analysed
        .events
        .iter()
        .filter(|event| event.kind == EventKind::InitialContact)
        .collect();
    for (number, frame) in CONTACTS.into_iter().enumerate() {
        let side = [Side::Right, Side::Left][number % 2];
        let near = |event: &&&GaitEvent| event.frame.abs_diff(frame) <= 3;
        let found = contacts.iter().find(near);
        assert!(
            found.is_some_and(|event| event.side == side),
            "{side:?} contact at {frame}: {contacts:?}"
        );
    }
    assert_eq!(contacts.len(), CONTACTS.len(), "{contacts:?}");
    let speed = &analysed.parameters[&ParameterId::Speed].both;
    let speed_mps = speed.as_ref().and_then(|speed| speed.value);
    assert!(
        speed_mps.is_some_and(|speed| (1.0..1.3).contains(&speed)),
        "{speed:?}"
    );
}
