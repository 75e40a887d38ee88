//! A trial: one recording with all that its file says about it.

use crate::events::GaitEvent;
use crate::keypoints::Keypoints2d;
use crate::kinematics::AngleSeries;
use crate::motion::Motion3d;
use crate::subject::Subject;
use crate::time::TimeBase;

/// One recording, as read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What was recorded.
    pub recording: Recording,
    /// What the file says of the subject.
    pub subject: Subject,
    /// Events that the file brings, such as force-plate or manual ones. They are kept, never replaced.
    pub events: Vec<GaitEvent>,
    /// Joint angles that the file brings from the laboratory's own model.
    pub angles: Option<AngleSeries>,
    /// The file's own time of the first frame, in seconds (a cropped C3D file starts late).
    pub file_time_of_first_frame_s: f64,
    /// The file's own number of the first frame (1 in most files).
    pub file_number_of_first_frame: i64,
    /// What the reader had to decide or repair, for the report: one sentence each.
    pub notes: Vec<String>,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recording {
    /// Keypoints of one camera.
    Keypoints(Keypoints2d),
    /// Motion in space.
    Motion(Motion3d),
}

impl Trial {
    /// A trial of which only the recording is known.
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            subject: Subject::default(),
            events: Vec::new(),
            angles: None,
            file_time_of_first_frame_s: 0.0,
            file_number_of_first_frame: 1,
            notes: Vec::new(),
        }
    }

    /// The time of each frame.
    pub fn time(&self) -> &TimeBase {
        match &self.recording {
            Recording::Keypoints(keypoints) => keypoints.time(),
            Recording::Motion(motion) => motion.time(),
        }
    }
}
