#!/usr/bin/env bash
# Makes the short recordings that the demonstration and the tests upload: synthetic scenes of a cash delivery,
# 640x360, H.264 (yuv420p), with camera name and time burnt in. ffmpeg 5.1 or newer with libx264, libfreetype
# and a DejaVu font draws them. Run it only to change them; the made files are in the repository.
#
#   van-04-rear.mp4     12 s, about 3 MB: long enough on a slow link to be cut off more than once
#   van-07-cabin.mp4    10 s, with a silent AAC track
#   colon-12-lobby.mp4   8 s      depot-gate-1.mp4   9 s      vault-door.mp4   6 s (infrared, grain)
#   van-09-rear.mkv      6 s, Matroska
#   grao-05-counter.ts   5 s, MPEG-TS
set -euo pipefail
cd "$(dirname "$0")"

# A walking person at X, feet at Y, HEIGHT pixels tall, in COLOUR, carrying a bag: boxes that sway with the steps.
# Reads the video label $1, writes $2. X may use t.
person() {
  local in=$1 out=$2 x=$3 y=$4 h=$5 colour=$6 id=$7
  local w=$((h * 28 / 100)) head=$((h * 15 / 100)) torso=$((h * 42 / 100)) leg=$((h * 43 / 100))
  local limb=$((w * 38 / 100)) bag=$((h * 24 / 100))
  cat <<GRAPH
color=c=0xb99f8a:s=${head}x${head}:r=25,format=yuva420p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='if(lt(hypot(X-W/2,Y-H/2),W/2),255,0)'[head$id];
color=c=$colour:s=${w}x${torso}:r=25[torso$id];
color=c=0x22262c:s=${limb}x${leg}:r=25,split[legl$id][legr$id];
color=c=0x5b4a2f:s=$((bag * 13 / 10))x${bag}:r=25,drawbox=0:0:iw:ih:0x2d2418:2[bag$id];
[$in][legl$id]overlay=x='$x+${w}*0.10+${w}*0.22*sin(t*7)':y=$((y - leg)):eval=frame[a$id];
[a$id][legr$id]overlay=x='$x+${w}*0.50-${w}*0.22*sin(t*7)':y=$((y - leg)):eval=frame[b$id];
[b$id][torso$id]overlay=x='$x':y='$((y - leg - torso))+2*abs(sin(t*7))':eval=frame[c$id];
[c$id][head$id]overlay=x='$x+$(((w - head) / 2))':y='$((y - h))+2*abs(sin(t*7))':eval=frame[d$id];
[d$id][bag$id]overlay=x='$x+${w}*0.85':y='$((y - leg - bag / 3))+2*sin(t*7)':eval=frame[$out];
GRAPH
}

# An armoured van of WIDTH x HEIGHT at X, wheels at Y, with its number on the side. Reads $1, writes $2.
van() {
  local in=$1 out=$2 x=$3 y=$4 w=$5 h=$6 number=$7
  local wheel=$((h * 30 / 100))
  cat <<GRAPH
color=c=0xc9ced1:s=${w}x${h}:r=25,
drawbox=0:0:iw*0.26:ih*0.42:0x3a4750:fill,drawbox=iw*0.26:0:3:ih:0x7b858a:fill,drawbox=0:ih*0.60:iw:ih*0.10:0x17696a:fill,
drawbox=iw*0.36:ih*0.14:iw*0.10:ih*0.22:0x46525a:fill,drawbox=iw*0.62:0:2:ih:0x8b959a:fill,drawbox=0:0:iw:ih:0x596268:2,
drawtext=text='$number':x=w*0.67:y=h*0.2:fontsize=h*0.3:fontcolor=0x17343a:font='DejaVu Sans Bold'[body];
color=c=0x15181a:s=${wheel}x${wheel}:r=25,drawbox=iw*0.3:ih*0.3:iw*0.4:ih*0.4:0x70777b:fill,split[wl][wr];
[$in][body]overlay=x='$x':y=$((y - h - wheel / 3)):eval=frame[v1];
[v1][wl]overlay=x='$x+${w}*0.12':y=$((y - wheel)):eval=frame[v2];
[v2][wr]overlay=x='$x+${w}*0.74':y=$((y - wheel)):eval=frame[$out];
GRAPH
}

# make FILE SECONDS CRF GRAIN LABEL TIME SCENE [more output options]: SCENE ends in [scene]; TIME is UTC.
make() {
  local file=$1 seconds=$2 crf=$3 grain=$4 label=$5 time=$6 scene=$7
  shift 7
  local epoch mono="font='DejaVu Sans Mono':fontsize=15:fontcolor=0xf2f5f5:box=1:boxcolor=0x000000@0.45:boxborderw=4"
  epoch=$(date -u -d "$time" +%s)
  local finish="[scene]vignette=PI/5,noise=alls=$grain:allf=t,format=yuv420p,"
  finish+="drawtext=text='$label':x=12:y=12:$mono,"
  finish+="drawtext=text='%{pts\:gmtime\:$epoch\:%Y-%m-%d %H\\\\\:%M\\\\\:%S} UTC':x=w-tw-12:y=12:$mono,"
  finish+="drawtext=text='frame %{n}':x=w-tw-12:y=h-28:$mono[out]"
  ffmpeg -v error -y -f lavfi -i "anullsrc=r=48000:cl=mono" -filter_complex "$scene$finish" -map "[out]" "$@" -t "$seconds" \
    -c:v libx264 -preset slow -crf "$crf" -g 50 -pix_fmt yuv420p -r 25 \
    -metadata creation_time="$time" -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "$file"
  echo "$file $(stat -c %s "$file") bytes"
}

street="gradients=s=640x360:r=25:c0=0x8d9aa3:c1=0x56626a:x0=320:y0=0:x1=320:y1=230:nb_colors=2:speed=0.00001,
drawbox=0:0:220:235:0x74685c:fill,drawbox=30:40:60:70:0x3d4a55:fill,drawbox=130:40:60:70:0x3d4a55:fill,
drawbox=400:0:240:240:0x837b70:fill,drawbox=440:70:90:170:0x2e3a40:fill,drawbox=446:76:38:160:0x55707a:fill,
drawbox=488:76:38:160:0x55707a:fill,drawbox=425:36:130:26:0x1d4f57:fill,
drawtext=text='BANCO LEVANTE':x=434:y=42:fontsize=13:fontcolor=0xe6eef0:font='DejaVu Sans Bold',
drawbox=0:235:640:20:0x9a958c:fill,drawbox=0:255:640:105:0x4b4f53:fill,drawbox=0:300:640:4:0xb9b48f:fill"
cabin="color=c=0x20262b:s=640x360:r=25,drawbox=0:0:640:150:0x7f95a3:fill,drawbox=0:110:640:40:0x5c6a60:fill,
drawbox=0:150:640:14:0x11161a:fill,drawbox=300:0:12:150:0x171d21:fill,drawbox=60:230:200:130:0x303a40:fill,
drawbox=380:230:200:130:0x303a40:fill,drawbox=270:190:100:120:0x0f1417:fill,drawbox=285:204:70:40:0x1f5f66:fill"
lobby="gradients=s=640x360:r=25:c0=0xb8b0a2:c1=0x8f8778:x0=0:y0=0:x1=640:y1=360:nb_colors=2:speed=0.00001,
drawbox=0:250:640:110:0x6e675d:fill,drawgrid=w=64:h=28:color=0x5d574e@0.35,drawbox=60:90:110:170:0x2b4a55:fill,
drawbox=74:104:82:60:0x9fd0d6:fill,drawbox=84:184:62:14:0x101c20:fill,drawbox=480:40:130:215:0x3e4b50:fill,
drawbox=492:52:50:200:0x90a7ac:fill,drawbox=548:52:50:200:0x90a7ac:fill,
drawtext=text='CAJERO':x=86:y=72:fontsize=14:fontcolor=0x22363b:font='DejaVu Sans Bold'"
gate="gradients=s=640x360:r=25:c0=0x9aa6ab:c1=0x6f7a7c:x0=320:y0=0:x1=320:y1=200:nb_colors=2:speed=0.00001,
drawbox=0:120:640:90:0x59635c:fill,drawbox=0:200:640:160:0x54585a:fill,drawbox=30:60:90:150:0x7c7f7d:fill,
drawbox=42:78:66:40:0xbfd2d6:fill,drawbox=0:206:640:4:0x8e9394:fill"
vault="gradients=s=640x360:r=25:c0=0x8a8a8a:c1=0x2c2c2c:type=radial:x0=320:y0=170:x1=640:y1=360:nb_colors=2:speed=0.00001,
drawbox=0:300:640:60:0x3a3a3a:fill,drawbox=190:40:260:262:0x5c5c5c:fill,drawbox=204:54:232:236:0x777777:fill,
drawbox=204:54:232:236:0x3f3f3f:3,drawbox=306:150:28:60:0x2f2f2f:fill,drawbox=280:174:80:10:0x2f2f2f:fill"

make van-04-rear.mp4 12 25.6 13 "VAN 04  REAR  TCL204AR" 2026-08-14T08:31:04Z \
  "$street[s];$(van s s1 "-60+8*min(t,9)" 322 250 120 "04")$(person s1 s2 "150+26*t" 312 150 0x2f4a3a p)$(person s2 scene "560-14*t" 270 96 0x6b4a4a q)" \
  -movflags +faststart
make van-07-cabin.mp4 10 25 8 "VAN 07  CABIN  TCL207BR" 2026-08-14T08:44:40Z \
  "$cabin[s];$(person s s1 "115+6*sin(t*1.3)" 390 250 0x33443d p)$(person s1 scene "440+5*sin(t*0.9+1)" 390 245 0x3a4450 q)" \
  -map 0:a -c:a aac -b:a 48k -movflags +faststart
make colon-12-lobby.mp4 8 26 7 "ATM CAM  COLON 12  LOBBY" 2026-08-14T08:33:20Z \
  "$lobby[s];$(person s scene "520-44*t" 318 170 0x4a5a6b p)" -movflags +faststart
make depot-gate-1.mp4 9 26 9 "GATE CAM 1  DEPOT QUART" 2026-08-14T07:58:10Z \
  "$gate[s];$(van s s1 "660-78*t" 312 230 112 "12")[s1]drawbox=120:150:500:8:0xd0d4d2:fill:enable='lt(t,2)',drawbox=120:60:8:150:0xa03a34:fill[scene];" \
  -movflags +faststart
make vault-door.mp4 6 27 11 "VAULT DOOR  DEPOT QUART  IR" 2026-08-14T03:12:00Z \
  "$vault[s];$(person s s1 "60+40*t" 338 190 0x565656 p)[s1]hue=s=0[scene];" -movflags +faststart
make van-09-rear.mkv 6 25 10 "VAN 09  REAR  TCL209CK" 2026-08-14T09:05:30Z \
  "$street[s];$(van s s1 "330-10*t" 330 260 124 "09")$(person s1 scene "60+38*t" 320 160 0x4b3f5c p)"
make grao-05-counter.ts 5 24 9 "COUNTER  GRAO 5" 2026-08-14T09:21:12Z \
  "$lobby[s];$(person s s1 "220+20*sin(t)" 330 180 0x7a5a3c p)$(person s1 scene "360-30*t" 322 172 0x3c5a4d q)"
