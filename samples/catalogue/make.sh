#!/usr/bin/env bash
# Makes the quiet clips that fill the demonstration's catalogue: minutes long, two frames a second, H.264 in
# MP4, drawn by ffmpeg (5.1 or newer). Run it only to change them; the made files are in the repository.
set -euo pipefail
cd "$(dirname "$0")"

# make NAME SECONDS LABEL BACKGROUND SIZE COLOUR X Y: one thing of SIZE and COLOUR moves along X and Y (t: seconds)
make() {
  local text="drawtext=text='$3 %{pts\:hms}':x=10:y=245:fontsize=16:fontcolor=0xd8e2e4"
  ffmpeg -v error -y \
    -f lavfi -i "$4:s=480x270:r=2,drawgrid=w=120:h=90:color=0x2c363b@0.5,noise=alls=3:allf=t" \
    -f lavfi -i "color=c=$6:s=$5:r=2,noise=alls=6:allf=t" \
    -filter_complex "[0][1]overlay=x='$7':y='$8':eval=frame,$text" \
    -t "$2" -c:v libx264 -preset veryslow -crf 33 -g 120 \
    -pix_fmt yuv420p -map_metadata -1 -fflags +bitexact -flags:v +bitexact -movflags +faststart "$1-$2.mp4"
}

make cabin 254 CABIN "color=c=0x1b2226" 36x70 0x8a9a9f "mod(t*9,560)-40" "110+12*sin(t/3)"
make cabin 318 CABIN "color=c=0x20262b" 44x84 0x9aa58f "210+140*sin(t/11)" "100+8*sin(t/2)"
make rear 377 REAR "color=c=0x242b2f" 50x110 0x6d7d74 "200+150*sin(t/9)" "90"
make rear 205 REAR "color=c=0x2b2a26" 60x120 0x7f7668 "120+220*sin(t/17)" "80+10*sin(t/4)"
make gate 300 GATE "color=c=0x232a2a" 150x80 0xb8bfc2 "620-mod(t*16,900)" "130"
make lobby 180 LOBBY "color=c=0x2a2d33" 26x90 0xa08f84 "60+mod(t*5,400)" "110+6*sin(t*2)"
