//! Gait parameters against those that a laboratory's own software stored in its files.

use ambulo::Side;
use ambulo::bouts::{BoutConfig, find_bouts};
use ambulo::cycles::{CycleConfig, find_cycles};
use ambulo::kinematics::{AngleConfig, angles};
use ambulo::parameters::{ParameterConfig, ParameterId, Stride, measure};
use ambulo::trial::Recording;
use ambulo::walk::{Surface, WalkConfig, from_motion};
use ambulo_io::c3d::{C3d, to_trial};

/// Every stride between the file's own events, and the values stored for one stride a side.
fn read(name: &str) -> Option<(Vec<Stride>, C3d)> {
    let path = ambulo_testkit::data_dir()?.join("c3d/btk").join(name);
    let c3d = C3d::parse(&std::fs::read(path).expect("a readable file")).expect("a C3D file");
    let trial = to_trial(&c3d).expect("a trial");
    let Recording::Motion(motion) = &trial.recording else {
        panic!("C3D holds motion");
    };
    let bouts = find_bouts(motion, &BoutConfig::default()).bouts;
    let cycles = find_cycles(&trial.events, &bouts, &CycleConfig::default()).cycles;
    let mut strides = Vec::new();
    for (index, bout) in bouts.iter().enumerate() {
        let walk = from_motion(
            motion,
            bout,
            &WalkConfig::default(),
            Surface::Overground,
            &trial.subject,
        );
        let mine: Vec<_> = cycles.iter().filter(|c| c.bout == index).copied().collect();
        let angles = angles(&walk, &AngleConfig::default());
        strides.extend(measure(&walk, &mine, &angles, &ParameterConfig::default()));
    }
    Some((strides, c3d))
}

fn check(name: &str) {
    let Some((strides, c3d)) = read(name) else {
        return;
    };
    let values = c3d.analysis_values();
    for (side, context) in [(Side::Left, "Left"), (Side::Right, "Right")] {
        let stored = |what: &str| {
            let mut found = values
                .iter()
                .filter(|value| value.context == context && value.name == what);
            found.next().expect("a stored value").value
        };
        let stride = strides
            .iter()
            .find(|stride| {
                stride.side == side
                    && (stride.values[&ParameterId::StrideTime] - stored("Stride Time")).abs()
                        < 0.005
                    && (stride.values[&ParameterId::StepTime] - stored("Step Time")).abs() < 0.005
            })
            .unwrap_or_else(|| panic!("{name}: the {context} stride that was stored"));
        let close = |id: ParameterId, stored: f64, tolerance: f64| {
            let value = stride.values[&id];
            assert!(
                (value - stored).abs() <= tolerance,
                "{name}, {} {context}: {value}, stored {stored}",
                id.name()
            );
        };
        close(ParameterId::Stance, stored("Foot Off"), 0.1);
        close(
            ParameterId::SingleSupportTime,
            stored("Single Support"),
            0.002,
        );
        close(
            ParameterId::DoubleSupportTime,
            stored("Double Support"),
            0.002,
        );
        close(ParameterId::Cadence, stored("Cadence"), 0.1);
        // The file measures from toe to toe at the instants of contact; ours are the heels' places.
        close(ParameterId::StrideLength, stored("Stride Length"), 0.015);
        close(ParameterId::StepLength, stored("Step Length"), 0.02);
        close(ParameterId::StrideSpeed, stored("Walking Speed"), 0.02);
    }
}

#[test]
fn parameters_agree_with_those_stored_by_the_laboratory() {
    check("PiG_Motion-FlatFoot-Full.c3d");
    check("PiG_Motion-FlatFoot-Hole.c3d");
}
