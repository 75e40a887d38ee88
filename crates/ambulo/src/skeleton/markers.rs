//! Marker labels of motion-capture files: which point of the body each names.
