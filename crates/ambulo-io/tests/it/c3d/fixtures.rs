//! C3D files made by our own writer.

use ambulo_io::c3d::{
    Analog, C3d, Group, HeaderEvent, Parameter, ParameterData, Points, Processor, Storage,
};

/// Every pair of number format and storage.
pub(crate) fn dialects() -> impl Iterator<Item = (Processor, Storage)> {
    Processor::ALL
        .into_iter()
        .flat_map(|processor| [Storage::Integer, Storage::Float].map(|s| (processor, s)))
}

/// A walk of a few markers with all that the format can hold, on a grid that integers keep.
pub(crate) fn small() -> C3d {
    let frames = 24;
    let labels = ["LASI", "RASI", "LANK", "RANK", "C7", "LHipAngles"];
    let mut point_values = Vec::new();
    for frame in 0..frames {
        for point in 0..labels.len() {
            let height = [900.0, 900.0, 80.0, 80.0, 1400.0, 12.5][point];
            // Two cameras saw it with a residual of three units; in some frames nobody did.
            let fourth = if (frame + point) % 7 == 0 {
                -1.0
            } else {
                768.0 + 3.0
            };
            let side = if point % 2 == 0 { 120.0 } else { -120.5 };
            point_values.extend([frame as f32 * 12.5, side, height, fourth]);
        }
    }
    let analog_values = (0..frames * 4 * 3)
        .map(|sample| (sample as f32 * 37.0) % 4096.0 - 2048.0)
        .collect();
    C3d {
        processor: Processor::Intel,
        storage: Storage::Float,
        first_frame: 11,
        frames,
        rate_hz: 100.0,
        point_scale: 0.5,
        max_gap: 10,
        header_events: vec![
            HeaderEvent {
                label: "RHS".to_owned(),
                time_s: 0.25,
                flag: 1,
            },
            HeaderEvent {
                label: "LTO".to_owned(),
                time_s: 0.31,
                flag: 0,
            },
        ],
        groups: groups(frames, &labels.map(str::to_owned)),
        points: Points {
            count: labels.len(),
            values: point_values,
        },
        analog: Analog {
            channels: 3,
            samples_per_frame: 4,
            values: analog_values,
        },
        trailing: Vec::new(),
        notes: Vec::new(),
    }
}

fn groups(frames: usize, labels: &[String]) -> Vec<Group> {
    let mut point = Group::new(2, "POINT");
    "Points in space".clone_into(&mut point.description);
    point.parameters = vec![
        Parameter::integer("USED", u16::try_from(labels.len()).expect("few points")),
        Parameter::integer("FRAMES", u16::try_from(frames).expect("few frames")),
        Parameter::float("SCALE", -0.5),
        Parameter::float("RATE", 100.0),
        Parameter::integer("DATA_START", 0),
        Parameter::text("X_SCREEN", "+X"),
        Parameter::text("Y_SCREEN", "+Z"),
        Parameter::text("UNITS", "mm"),
        Parameter::list("LABELS", labels),
    ];
    let mut analog = Group::new(1, "ANALOG");
    analog.locked = true;
    analog.parameters = vec![
        Parameter::integer("USED", 3),
        Parameter::list("LABELS", &["Fx1", "Fy1", "Fz1"].map(str::to_owned)),
        Parameter::float("GEN_SCALE", 0.5),
        Parameter::new(
            "SCALE",
            vec![3],
            ParameterData::Float(vec![0.25, -0.5, 2.0]),
        ),
        Parameter::new("OFFSET", vec![3], ParameterData::Int(vec![0, -16, 2048])),
    ];
    let mut plates = Group::new(3, "FORCE_PLATFORM");
    plates.parameters = vec![
        Parameter::integer("USED", 1),
        Parameter::new("TYPE", vec![1], ParameterData::Int(vec![2])),
        Parameter::new(
            "CORNERS",
            vec![3, 4, 1],
            ParameterData::Float((0_u8..12).map(f32::from).collect()),
        ),
        Parameter::new(
            "ORIGIN",
            vec![3, 1],
            ParameterData::Float(vec![1.0, 2.0, -40.0]),
        ),
        Parameter::new("CHANNEL", vec![3, 1], ParameterData::Int(vec![1, 2, 3])),
    ];
    let mut event = Group::new(5, "EVENT");
    event.parameters = vec![
        Parameter::integer("USED", 2),
        Parameter::list("LABELS", &["Foot Strike", "Foot Off"].map(str::to_owned)),
        Parameter::list("CONTEXTS", &["Right", "Left"].map(str::to_owned)),
        Parameter::new(
            "TIMES",
            vec![2, 2],
            ParameterData::Float(vec![0.0, 0.25, 0.0, 0.3125]),
        ),
    ];
    let mut analysis = Group::new(6, "ANALYSIS");
    analysis.parameters = vec![
        Parameter::list("NAMES", &["Cadence".to_owned()]),
        Parameter::list("CONTEXTS", &["Left".to_owned()]),
        Parameter::list("UNITS", &["steps/min".to_owned()]),
        Parameter::new("VALUES", vec![1], ParameterData::Float(vec![112.5])),
    ];
    let mut unknown = Group::new(77, "Größe");
    "A group of our own".clone_into(&mut unknown.description);
    let mut locked = Parameter::new(
        "BYTES",
        vec![2, 2],
        ParameterData::Byte(vec![0, 1, 254, 255]),
    );
    locked.locked = true;
    "Four bytes, naïve".clone_into(&mut locked.description);
    unknown.parameters = vec![
        locked,
        Parameter::new("EMPTY", vec![4, 0], ParameterData::Char(Vec::new())),
        Parameter::new(
            "WIDE",
            vec![2, 1, 1, 2],
            ParameterData::Int(vec![-32_768, 32_767, 0, -1]),
        ),
    ];
    vec![analog, point, plates, event, analysis, unknown]
}

/// 300 points with labels in two parameters.
pub(crate) fn many_points() -> C3d {
    let mut c3d = small();
    let labels: Vec<String> = (0..300).map(|n| format!("P{n}")).collect();
    c3d.frames = 2;
    c3d.points = Points {
        count: 300,
        values: (0_u16..2400).map(f32::from).collect(),
    };
    c3d.analog = Analog {
        samples_per_frame: 1,
        ..Analog::default()
    };
    c3d.groups.retain(|group| group.name != "ANALOG");
    let point = c3d
        .groups
        .iter_mut()
        .find(|group| group.name == "POINT")
        .expect("the fixture has points");
    point.set(Parameter::integer("USED", 300));
    point.set(Parameter::integer("FRAMES", 2));
    point.set(Parameter::list("LABELS", &labels[..255]));
    point.set(Parameter::list("LABELS2", &labels[255..]));
    c3d
}

/// One point over more frames than 16 bits count.
pub(crate) fn long() -> C3d {
    let mut c3d = small();
    c3d.frames = 70_000;
    c3d.first_frame = 66_000;
    c3d.points = Points {
        count: 1,
        values: vec![1.5; 4 * 70_000],
    };
    c3d.analog = Analog {
        samples_per_frame: 1,
        ..Analog::default()
    };
    c3d
}
