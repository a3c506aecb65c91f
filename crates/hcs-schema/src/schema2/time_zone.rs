//! The time zone of a guest.

use crate::document::document;

document! {
    /// A time zone.
    pub struct TimeZoneInformation {
        /// Minutes that are added to local time to get UTC.
        pub bias: i32 = "Bias",
        /// The name of standard time.
        pub standard_name: String = "StandardName",
        /// When standard time begins.
        pub standard_date: Option<SystemTime> = "StandardDate",
        /// Minutes that are added to the bias in standard time.
        pub standard_bias: i32 = "StandardBias",
        /// The name of daylight saving time.
        pub daylight_name: String = "DaylightName",
        /// When daylight saving time begins.
        pub daylight_date: Option<SystemTime> = "DaylightDate",
        /// Minutes that are added to the bias in daylight saving time.
        pub daylight_bias: i32 = "DaylightBias",
    }

    /// A date and time in parts; with a year of 0 a rule for every year.
    pub struct SystemTime {
        /// The year.
        pub year: i32 = "Year",
        /// The month, from 1.
        pub month: i32 = "Month",
        /// The day of the week, from 0 for Sunday.
        pub day_of_week: i32 = "DayOfWeek",
        /// The day, from 1; in a rule the number of the week, 5 for the last.
        pub day: i32 = "Day",
        /// The hour.
        pub hour: i32 = "Hour",
        /// The minute.
        pub minute: i32 = "Minute",
        /// The second.
        pub second: i32 = "Second",
        /// The millisecond.
        pub milliseconds: i32 = "Milliseconds",
    }
}
