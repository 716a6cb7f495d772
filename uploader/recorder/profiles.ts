/** Names of the profiles for re-encoding. */
export const profileNames = ["h264", "h264-720p", "h264-360p"] as const;
/** Name of a profile. */
export type ProfileName = (typeof profileNames)[number];

const heights: Record<ProfileName, number | null> = { h264: null, "h264-720p": 720, "h264-360p": 360 };
const rates: Record<ProfileName, string[]> = {
  h264: ["-crf", "23"],
  "h264-720p": ["-crf", "25", "-maxrate", "2500k", "-bufsize", "5000k"],
  "h264-360p": ["-crf", "28", "-maxrate", "500k", "-bufsize", "1000k"],
};

/**
 * What ffmpeg is told to encode. Key frames are forced where recordings begin: by the clock for a live source, by
 * the position in a file.
 */
export function encodingArguments(profile: ProfileName, segmentMs: number, isLive: boolean): string[] {
  const height = heights[profile];
  const seconds = segmentMs / 1000;
  // ffmpeg-utils, "Expression Evaluation": time(0) is the wall clock, st() and ld() keep a value between frames. The
  // clock is shifted as little as the day's beginning is: both count from midnight UTC.
  const window = `floor(mod(time(0),86400)/${seconds})`;
  const keyFrames = isLive ? `expr:if(eq(ld(0),${window}),0,st(0,${window})+1)` : `expr:gte(t,n_forced*${seconds})`;
  return [
    ...(height === null ? [] : ["-vf", `scale=-2:min(ih\\,${height})`]),
    ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
    ...rates[profile],
    ...["-force_key_frames", keyFrames],
    ...["-c:a", "aac", "-b:a", "64k"],
  ];
}
