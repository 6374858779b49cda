package auth

import "strings"

// commonWords are the words that passwords are made of again and again, in English, Persian, Azerbaijani and Turkish spelled with Latin
// letters, in small letters. Digits and signs around them add little, so lists of known passwords shrink to this.
var commonWords = setOf(`
password passwd passwort passw parola sifre ramz ramzobur kalameh pass word login signin welcome hello salam selam merhaba letmein open
sesame access admin administrator root toor system manager master guest user username test tester testing demo sample example default
changeme change temp temporary secret private public secure security safe network server router database oracle cisco windows linux ubuntu
apple google facebook yahoo gmail hotmail microsoft samsung nokia instagram telegram ashna crm company office work sales business money
love iloveyou loveyou lovely lover baby babygirl honey sweet sweetheart angel princess prince queen king sunshine sunflower flower rainbow
summer winter spring autumn fall monday tuesday wednesday thursday friday saturday sunday january february march april june july august
september october november december monkey dragon tiger lion eagle wolf horse shadow phoenix panther dolphin butterfly chicken football
baseball basketball soccer hockey golf tennis cricket liverpool arsenal chelsea barcelona realmadrid manchester united juventus galatasaray
fenerbahce besiktas persepolis esteghlal perspolis tractor neftchi qarabag michael jennifer jessica ashley daniel thomas robert andrew
joshua matthew charlie george jordan harley hunter ranger buster killer pepper ginger cookie cheese chocolate banana orange purple silver
golden diamond computer internet superman batman spiderman starwars pokemon naruto matrix mustang ferrari porsche mercedes corvette
trustno whatever freedom forever jesus christ god heaven blessed family mother father brother sister friend friends happy lucky magic
ninja samurai warrior hacker hack thunder storm fire flash america london paris newyork tehran teheran iran irani iranian isfahan
shiraz tabriz mashhad baku baki azerbaijan azerbaycan turkiye turkey istanbul ankara ganja mohammad mohammed muhammad mehdi mahdi
reza alireza hossein hosein hassan hasan fatemeh fatima zahra maryam sara ali amir amirali amirhossein mahdieh narges omid arash
siavash babak rostam kourosh cyrus khoda khodaya allah bismillah yaali yahossein yamahdi azizam eshgh eshgham asheghetam dooset daram
delam ghalb parvaneh setareh mahtab khorshid bahar tabestan paeez zemestan leyla leila aysel gunel elvin rashad eldar vusal kamran
canim sevgi sevgilim askim ask esqim hayat heyat vatan veten gunes ulduz
qwerty azerty qwertz qazwsx asdf zxcv abc abcd the my name is me you and one two
رمز رمزعبور عبور گذرواژه پسورد سلام ایران تهران عشق عشقم عزیزم دوستت دارم خدا خدایا محمد علی رضا حسین حسن فاطمه زهرا مریم مهدی مدیر
şifrə şifre parol salamlar azərbaycan bakı sevgilim həyat vətən
`)

// setOf makes a set of the words of a text.
func setOf(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// keyRows are the ways in which a finger walks over a keyboard, letters and digits in the order of keys; and the alphabet.
var keyRows = []string{
	"01234567890", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
	"!@#$%^&*()_+", "azertyuiop", "qsdfghjklm", "qwertzuiop", "147258369", "159357", "abcdefghijklmnopqrstuvwxyz", "qazxswedcvfrtgbnhyujmkiolp",
	"ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدپو", "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی", "qüertyuiopöğ",
}
