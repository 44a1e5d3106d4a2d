#!/usr/bin/env bash
# Makes the sample clips of this folder anew, with GStreamer and Python's standard library alone (the packages
# named in the Makefile). Give file names to make only those. Lengths are exactly whole seconds.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
only=("$@")

wanted() { # wanted FILE
	[ ${#only[@]} -eq 0 ] && return
	local name
	for name in "${only[@]}"; do [ "$name" = "$1" ] && return; done
	return 1
}

# text PLACE SIZE COLOUR WORDS: one line of lettering; PLACE is a share of the height.
text() {
	printf 'textoverlay auto-resize=false halignment=center valignment=position ypos=%s xpos=0.5 font-desc="DejaVu Sans Bold %s" color=%s draw-outline=false draw-shadow=false text="%s" ! ' \
		"$1" "$2" "$(($3))" "$4"
}

white=0xFFFFFFFF yellow=0xFFFFD54F pale=0xFFCFE3F5
raw="video/x-raw,format=I420,width=1280,height=720,framerate=30/1"

# scene COLOUR FRAMES LETTERING: a plain ground with a bar running along its lower edge, so that one sees it move.
scene() {
	printf 'compositor name=mix%s background=black sink_1::ypos=696 ! %s ! %s identity ! film. ' "$scenes" "$raw" "$3"
	printf 'videotestsrc pattern=solid-color foreground-color=%s num-buffers=%s ! %s ! mix%s. ' "$(($1))" "$2" "$raw" "$scenes"
	printf 'videotestsrc pattern=bar horizontal-speed=-8 foreground-color=%s background-color=%s num-buffers=%s ! video/x-raw,format=I420,width=1280,height=24,framerate=30/1 ! mix%s. ' \
		"$((yellow))" "$(($1))" "$2" "$scenes"
	scenes=$((scenes + 1))
}

# film FILE SECONDS SCENES…: scenes one after another, with a soft melody under them.
film() {
	local file=$1 seconds=$2
	shift 2
	melody "$work/sound.wav" "$seconds"
	local scenes=0 all="" s colour frames words
	while [ $# -gt 0 ]; do
		colour=$1 frames=$2 words=$3
		shift 3
		s=$(scenes=$scenes scene "$colour" "$frames" "$words")
		scenes=$((scenes + 1))
		all+="$s "
	done
	launch "concat name=film ! $raw ! openh264enc bitrate=400000 rate-control=quality complexity=high gop-size=60 ! h264parse ! mp4mux name=file faststart=true ! filesink location=$file \
		filesrc location=$work/sound.wav ! wavparse ! audioconvert ! avenc_aac bitrate=64000 ! aacparse ! queue ! file. $all"
}

still() { # still FILE COLOUR LETTERING
	launch "videotestsrc pattern=solid-color foreground-color=$(($2)) num-buffers=1 ! video/x-raw,width=1280,height=720 ! $3 videoconvert ! video/x-raw,format=RGB ! pngenc compression-level=9 ! filesink location=$1"
}

# A few soft notes with a fade at both ends, a little shorter than the picture so that the picture sets the length.
melody() { # melody FILE SECONDS
	python3 - "$1" "$2" <<'PY'
import math, struct, sys, wave
path, seconds, rate = sys.argv[1], int(sys.argv[2]), 48000
total = seconds * rate if path.endswith("exact.wav") else seconds * rate - rate // 10
notes = [261.63, 293.66, 329.63, 392.0, 440.0, 392.0, 329.63, 293.66]  # the five-note scale
step = rate // 2
samples = []
for n in range(total):
    k, t = n // step, n % step
    f = notes[k % len(notes)]
    envelope = min(1, t / 960) * math.exp(-3 * t / step) * min(1, n / 4800, (total - n) / 4800)
    v = (math.sin(2 * math.pi * f * t / rate) + 0.3 * math.sin(4 * math.pi * f * t / rate)) * envelope * 0.25
    samples.append(struct.pack("<h", int(v * 32767)))
with wave.open(path, "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(rate)
    out.writeframes(b"".join(samples))
PY
}

launch() {
	eval "gst-launch-1.0 -q $(printf '%s' "$1" | tr '\n\t' '  ')" 2> >(grep -v OpenH264 >&2)
}

red=0xFF9B1B30 blue=0xFF12436D green=0xFF14532D grey=0xFF24323F

if wanted ihanoi-vi.mp4; then
	film ihanoi-vi.mp4 15 \
		$red 150 "$(text 0.30 92 $white 'iHanoi')$(text 0.56 46 $yellow 'Công dân Thủ đô số')" \
		$blue 150 "$(text 0.24 42 $white 'Tải ứng dụng iHanoi')$(text 0.44 42 $yellow 'để phản ánh, kiến nghị')$(text 0.66 28 $pale 'Gửi ảnh hiện trường · Theo dõi kết quả xử lý')" \
		$red 150 "$(text 0.26 46 $white 'Hà Nội lắng nghe bạn')$(text 0.48 38 $yellow 'Tìm “iHanoi” trên App Store')$(text 0.62 38 $yellow 'và Google Play')"
fi
if wanted ihanoi-en.mp4; then
	film ihanoi-en.mp4 15 \
		$red 150 "$(text 0.30 92 $white 'iHanoi')$(text 0.56 46 $yellow 'Digital citizens of the Capital')" \
		$blue 150 "$(text 0.24 42 $white 'Install the iHanoi app')$(text 0.44 42 $yellow 'to report and to suggest')$(text 0.66 28 $pale 'Send a photo · See what the city does about it')" \
		$red 150 "$(text 0.26 46 $white 'Hanoi listens')$(text 0.48 38 $yellow 'Search “iHanoi” on the App Store')$(text 0.62 38 $yellow 'and Google Play')"
fi
if wanted ve-sinh-moi-truong.mp4; then
	film ve-sinh-moi-truong.mp4 8 \
		$green 120 "$(text 0.28 48 $white 'Sáng thứ Bảy hằng tuần')$(text 0.52 40 $yellow 'Tổng vệ sinh môi trường')" \
		$green 120 "$(text 0.30 44 $white 'Cùng giữ phố phường')$(text 0.52 44 $yellow 'sáng – xanh – sạch – đẹp')"
fi
if wanted mot-cua.png; then
	still mot-cua.png $blue "$(text 0.18 56 $white 'Bộ phận Một cửa')$(text 0.38 38 $pale 'Giờ làm việc')$(text 0.54 52 $yellow '8:00–12:00   13:00–17:00')$(text 0.76 30 $pale 'Thứ Hai đến thứ Sáu')"
fi
if wanted safe-loop.png; then
	still safe-loop.png $grey "$(text 0.36 64 $white 'Thành phố Hà Nội')$(text 0.58 32 $pale 'lichphat')"
fi
if wanted mau-tra-sen.png; then
	still mau-tra-sen.png $green "$(text 0.28 60 $white 'Trà sen Tây Hồ')$(text 0.52 36 $yellow 'Quảng cáo mẫu, không có thật')"
fi
if wanted mau-ca-phe.png; then
	still mau-ca-phe.png $red "$(text 0.28 60 $white 'Cà phê phố cổ')$(text 0.52 36 $yellow 'Quảng cáo mẫu, không có thật')"
fi
if wanted nhac-hieu.opus; then
	melody "$work/exact.wav" 10
	launch "filesrc location=$work/exact.wav ! wavparse ! audioconvert ! audioresample ! opusenc bitrate=48000 ! oggmux ! filesink location=nhac-hieu.opus"
fi
