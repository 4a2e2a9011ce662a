import { createDice } from './dice.ts';
import { readPicture } from './scanner/picture.ts';
import { drawQr, countModules, photograph, encodePng, encodeJpeg } from './scanner/picture-draw.ts';
import { writeBarcode } from 'zxing-wasm/writer';
const log=(s:string)=>process.stdout.write(s+'\n');
const A='0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const d0=createDice(9);
const text='TC1:'+Array.from({length:300},()=>A[d0.between(0,44)]).join('');
for (const n of [299,300]) { const q=await drawQr(text.slice(0,4+n)); log(`${4+n} chars: ${countModules(q)} modules`); const r=await readPicture(encodePng(q)); log(JSON.stringify({ok:r.ok, same:r.ok&&r.text===text.slice(0,4+n), ...(r.ok?{v:r.version,e:r.ecLevel}:r)})); }
const qr=await drawQr(text);
const base={width:800,height:600,turnDegrees:0,share:0.8,blurPx:0,noise:0,shade:0};
for (const [name,shot] of Object.entries({ upright:{}, t12:{turnDegrees:12,blurPx:1,noise:8}, t17:{turnDegrees:17,blurPx:1,noise:30}, t33:{turnDegrees:33,blurPx:1,noise:40,width:1280,height:720}, t45:{turnDegrees:45,blurPx:1,noise:20,share:0.7}, t90:{turnDegrees:90,noise:20}, t180:{turnDegrees:180,shade:0.6}, shade:{shade:0.9,noise:10}, blur2:{blurPx:2}, blur3:{blurPx:3}, blur4:{blurPx:4}, blur6:{blurPx:6}, small:{share:0.4}, small3:{share:.3}, vga:{width:640,height:480,noise:30,turnDegrees:-20,blurPx:1}, noise80:{noise:80},noise120:{noise:120}, big:{width:3000,height:2250,noise:20,blurPx:2,turnDegrees:8} })) {
 const s={...base,...shot}; const f=performance.now(); const p=photograph(qr,s,createDice(3)); const g=performance.now(); const png=encodePng(p); const h=performance.now(); const jpg=encodeJpeg(p,60); const i=performance.now();
 const out=[]; for (const b of [png,jpg]) { const t=performance.now(); const r=await readPicture(b); out.push(`${r.ok?(r.text===text?'OK':'WRONG'):r.reason+' '+r.hint} ${(performance.now()-t).toFixed(1)} ms ${b.length} B`); }
 log(`${name}: draw ${(g-f).toFixed(0)} png ${(h-g).toFixed(0)} jpg ${(i-h).toFixed(0)} | ${out.join(' | ')}`);
}
// other symbologies
for (const fm of ['Code128','EAN13','DataMatrix','Aztec','PDF417','MicroQRCode'] as const) { try { const r=await writeBarcode(fm==='EAN13'?'4006381333931':fm==='MicroQRCode'?'12345':'HELLO123',{format:fm,scale:4} as never); const img=new Uint8Array(await (r.image as Blob).arrayBuffer()); const x=await readPicture(img); log(fm+' '+JSON.stringify(x)); } catch(e){log(fm+' '+String(e))} }
