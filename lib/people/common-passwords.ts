/** Well-known passwords of twelve characters and more, in lower case. Shorter ones are refused for their length. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
  000000000000 0123456789012 012345678910 1029384756qp 111111111111 112233445566 121212121212 123123123123
  123321123321 1234554321ab 123456123456 123456654321 123456789012 1234567890123 12345678901234 123456789012345
  1234567890ab 1234567890abc 1234567890qw 1234567890qwe 123456789abc 123456789abcd 123456789qwe 12345678910
  123456789101 1234567891011 12345678910a 1234qwerasdf 1234qwerasdfzxcv 123qweasdzxc 123qwe123qwe 12qwaszx12qwaszx
  1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 987654321098
  abc123456789 abcd12345678 abcdefghijkl abcdefghijklm abcdefghijklmnop administrador administrator
  administrator1 adminadmin12 adminadminadmin admin1234567 admin12345678 admin@123456 asdfasdfasdf asdfghjkl123
  asdfghjklqwerty basketball12 bienvenido123 changeme1234 changemechangeme changethis123 contraseña123
  contrasena123 contraseña1234 contrasena1234 correcthorsebatterystaple dragon123456 football1234 helloworld12
  helloworld123 hola12345678 iloveyou1234 iloveyou12345 iloveyouforever internet1234 letmein12345 letmein123456
  letmeinplease liverpool123 manchester12 master123456 michael12345 monkey123456 mypassword12 mypassword123
  p@ssw0rd1234 p@ssword1234 pa$$w0rd1234 passw0rd1234 password0123 password1111 password1234 password12345
  password123456 password1234567 password12345678 password123456789 password123! password1234! password2024
  password2025 password2026 passwordpassword princess1234 q1w2e3r4t5y6 q1w2e3r4t5y6u7 qazwsxedcrfv
  qazwsxedcrfvtgb qwer1234asdf qwerasdfzxcv qwerty123456 qwerty1234567 qwerty12345678 qwerty123456789
  qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiopasdf qwertyuiopasdfghjkl secret123456
  spongebob123 starwars1234 strongroom12 strongroom123 strongroom1234 summer202425 sunshine1234 superman1234
  thisisapassword trustno1trustno1 welcome12345 welcome123456 welcome1234567 welcometohell zaq12wsxcde3
  zaq1zaq1zaq1 zxcvbnm12345 zxcvbnm123456 zxcvbnmasdfghjkl
  `
    .trim()
    .split(/\s+/),
);
